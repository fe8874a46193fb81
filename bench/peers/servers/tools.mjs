/** The tools of every measured server: each has a zod shape and a function that answers with a text. */
import { spawn } from 'node:child_process';
import { closeSync, futimesSync, openSync } from 'node:fs';
import { setTimeout as delay, setImmediate as yielded } from 'node:timers/promises';
import { z } from 'zod';

const MIB = 2 ** 20;
const BEAT_MS = 50;
/** Of each allocation: small enough for a heap to end by its limit, not by a single request. */
const STEP_MIB = 8;

export const SERVER_INFO = { name: 'peers', version: '1.0.0' };

/** Whoever watches from outside sees by the file's time that the work still goes on. */
function heartbeat(file) {
  if (file === undefined) return { beat: () => undefined, end: () => undefined };
  const descriptor = openSync(file, 'a');
  return {
    beat() {
      const now = Date.now() / 1000;
      futimesSync(descriptor, now, now);
    },
    end: () => closeSync(descriptor),
  };
}

function spin({ ms, file }) {
  const { beat, end } = heartbeat(file);
  const endMs = performance.now() + ms;
  let nextMs = 0;
  while (performance.now() < endMs) {
    if (performance.now() < nextMs) continue;
    beat();
    nextMs = performance.now() + BEAT_MS;
  }
  end();
  return 'done';
}

/** Stops when it is told to, as a tool that is well written does. */
async function sleep({ ms, file }, { signal }) {
  const { beat, end } = heartbeat(file);
  const endMs = performance.now() + ms;
  try {
    while (performance.now() < endMs) {
      beat();
      await delay(BEAT_MS, undefined, { signal });
    }
  } finally {
    end();
  }
  return 'done';
}

async function allocate({ mib, where }, { held }) {
  for (let allocated = 0; allocated < mib; allocated += STEP_MIB) {
    if (where === 'heap') {
      held.push(Array.from({ length: (STEP_MIB * MIB) / 8 }, (_, index) => index + 0.5));
    } else {
      held.push(Buffer.alloc(STEP_MIB * MIB, 1));
      await yielded();
    }
  }
  return 'done';
}

/** Dies outside of its handler, while the call waits. */
async function crash({ how }) {
  setTimeout(() => {
    if (how === 'exit') process.exit(3);
    throw new Error('thrown outside of a handler');
  }, BEAT_MS);
  await delay(60_000, undefined, { ref: false });
  return 'done';
}

/** The process goes on when the call has been answered. */
async function child({ seconds, of }, { sessionChild }) {
  if (of === 'session' && sessionChild !== undefined) return String(await sessionChild(seconds));
  const started = spawn('sleep', [String(seconds)], { stdio: 'ignore' });
  started.unref();
  return String(started.pid);
}

const milliseconds = z.number();
const file = z.string().optional();

/**
 * Each function is given the arguments and what belongs to the call: its `signal`; `held`, an array that lives as
 * long as the session; and `sessionChild`, where the server has a way of its own to start a process.
 */
export const TOOLS = [
  { name: 'echo', shape: { text: z.string() }, run: ({ text }) => text },
  { name: 'spin', shape: { ms: milliseconds, file }, run: spin },
  { name: 'sleep', shape: { ms: milliseconds, file }, run: sleep },
  { name: 'allocate', shape: { mib: z.number(), where: z.enum(['heap', 'buffers']) }, run: allocate },
  { name: 'crash', shape: { how: z.enum(['throw', 'exit']) }, run: crash },
  { name: 'child', shape: { seconds: z.number(), of: z.enum(['session', 'node']) }, run: child },
];

/** As the SDKs' `McpServer` takes them. `signalOf` finds the signal in what a handler is given besides arguments. */
export function register(server, signalOf, sessionChild) {
  const held = [];
  for (const { name, shape, run } of TOOLS) {
    server.registerTool(name, { inputSchema: z.object(shape) }, async (args, extra) => ({
      content: [{ type: 'text', text: await run(args, { signal: signalOf(extra), held, sessionChild }) }],
    }));
  }
}
