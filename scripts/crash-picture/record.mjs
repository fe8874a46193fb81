// Runs a gateway and two clients, and writes down what each of them sees, with the time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const root = join(import.meta.dirname, '..', '..');
/** The other client calls this often. */
const STEADY_MS = 450;
/** How long the first client lets its tool spin. */
const PATIENCE_MS = 1_500;
/** Between two calls of the first client. */
const PAUSE_MS = 900;
const DEADLINE_MS = 60_000;

/**
 * @typedef {{ at: number, pane: 'first' | 'second' | 'log', kind: 'typed' | 'good' | 'bad' | 'plain', text: string }} Line
 * @returns {Promise<{ lines: Line[], durationMs: number }>} times are milliseconds from the first line on
 * @throws if the second client saw an error
 */
export async function record() {
  const command = [join(root, 'dist/src/bin.cjs'), 'serve', join(import.meta.dirname, 'server.mjs')];
  const flags = ['--port', '0', '--admin-port', '0', '--log-format', 'json', '--cancel-grace', '500ms'];
  const gateway = spawn(process.execPath, [...command, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(gateway, 'exit');
  const overdue = setTimeout(() => gateway.kill('SIGKILL'), DEADLINE_MS);
  try {
    return await recordClients(gateway);
  } finally {
    clearTimeout(overdue);
    gateway.kill('SIGTERM');
    await exited;
  }
}

async function recordClients(gateway) {
  const url = await addressOf(gateway);
  const first = await connect(url, 'client-1');
  const second = await connect(url, 'client-2');
  // Both have a thread before anything is shown.
  for (const client of [first, second]) await client.callTool({ name: 'count', arguments: {} });

  const start = performance.now();
  const lines = [];
  const say = (pane, kind, text) => lines.push({ at: performance.now() - start, pane, kind, text });
  createInterface({ input: gateway.stderr }).on('line', (line) => {
    const text = logged(line);
    if (text !== undefined) say('log', text.startsWith('thread') ? 'bad' : 'plain', text);
  });

  let done = false;
  const steady = (async () => {
    while (!done) {
      say('second', 'good', `count → ${await count(second)}`);
      await sleep(STEADY_MS);
    }
  })();
  const shown = (kind, text) => say('first', kind, text);
  for (const [tool, patienceMs] of [['count'], ['spin', PATIENCE_MS], ['count'], ['crash'], ['count']]) {
    await call(first, tool, shown, patienceMs);
    await sleep(PAUSE_MS);
  }
  done = true;
  await steady;
  const durationMs = performance.now() - start;
  await Promise.all([first.close(), second.close()]);
  return { lines, durationMs };
}

async function addressOf({ stdout }) {
  for await (const line of createInterface({ input: stdout })) {
    const url = /^MCP server +(\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error('The gateway ended without an address.');
}

async function connect(url, name) {
  const client = new Client({ name, version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return client;
}

/** @returns the answer and how long it took */
async function count(client) {
  const sent = performance.now();
  const { content } = await client.callTool({ name: 'count', arguments: {} });
  return `${content[0].text.padEnd(6)} ${(performance.now() - sent).toFixed(1).padStart(6)} ms`;
}

/** @param patienceMs after this the call is cancelled */
async function call(client, tool, shown, patienceMs) {
  if (tool === 'count') {
    shown('good', `count → ${await count(client)}`);
    return;
  }
  shown('typed', `${tool} → …`);
  const cancel = new AbortController();
  const giveUp = () => {
    shown('plain', `no answer after ${patienceMs} ms: cancel`);
    cancel.abort('the client has given up');
  };
  const timer = patienceMs === undefined ? undefined : setTimeout(giveUp, patienceMs);
  try {
    await client.callTool({ name: tool, arguments: {} }, undefined, { signal: cancel.signal });
  } catch (error) {
    if (!cancel.signal.aborted) shown('bad', error.message);
  } finally {
    clearTimeout(timer);
  }
}

/** What is shown of a log line; `undefined` for those of other events. */
function logged(line) {
  const { msg, client, tool, cause, detail, running } = JSON.parse(line);
  if (msg !== 'call cancelled' && msg !== 'thread exited') return undefined;
  const fields = Object.entries({ client, tool: tool ?? running?.join(), cause, detail });
  return [
    msg.padEnd(14),
    ...fields.flatMap(([key, value]) => (value === undefined ? [] : `${key}=${value}`)),
  ].join(' ');
}
