/** One peer as it runs: a process and all that it started, none of which outlives its measurement. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { adopt } from '../servers/child.js';
import { freePort } from '../servers/free-port.js';
import { within } from './deadline.js';
import { killMarked, MARK_VARIABLE, proportionalBytes } from './marked-processes.js';
import { type Peer, PREFIX } from './peers.js';

const START_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 1_500;
const POLL_MS = 25;
const HEAP_MIB = 512;

export interface StartedPeer {
  readonly pid: number;
  readonly url: URL;
  /** In its environment and in that of all its processes. */
  readonly mark: string;
  /** Proportional set size of all its processes. */
  memoryBytes(): number;
  /** Whether its first process has ended, or does so within this time. */
  endsWithin(ms: number): Promise<boolean>;
}

const marks = new Set<string>();
process.once('exit', () => {
  for (const mark of marks) killMarked(mark);
});

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function untilListening(child: ChildProcess, port: number, output: () => string): Promise<void> {
  const endMs = performance.now() + START_DEADLINE_MS;
  while (!(await accepts(port))) {
    if (ended(child)) throw new Error(`ended with exit code ${child.exitCode} at its start: ${output()}`);
    if (performance.now() > endMs)
      throw new Error(`did not listen within ${START_DEADLINE_MS} ms: ${output()}`);
    await delay(POLL_MS);
  }
}

async function stop(child: ChildProcess, mark: string): Promise<void> {
  if (!ended(child)) {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    // A spinning process does not handle SIGTERM.
    const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(deadline);
  }
  killMarked(mark);
  marks.delete(mark);
}

/** What Node runs, and where. */
export interface Started {
  readonly args: (port: number) => readonly string[];
  readonly cwd: string;
  /** Added to the environment of the bench. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The same for the process of every peer and all that it starts. */
const PEER_ENVIRONMENT = { NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}` };

/** Runs one measurement against a peer that is started for it; all of its processes are gone after it. */
export function withPeer<Result>(
  { args }: Pick<Peer, 'args'>,
  measure: (started: StartedPeer) => Promise<Result>,
): Promise<Result> {
  return withStarted({ args, cwd: PREFIX, env: PEER_ENVIRONMENT }, measure);
}

/** The same with anything that listens on a port; its processes are found by the mark in their environment. */
export async function withStarted<Result>(
  { args, cwd, env }: Started,
  measure: (started: StartedPeer) => Promise<Result>,
  mark: string = randomUUID(),
): Promise<Result> {
  const port = await freePort();
  marks.add(mark);
  const child = adopt(
    spawn(process.execPath, args(port), {
      cwd,
      env: { ...process.env, ...env, [MARK_VARIABLE]: mark },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = `${output}${chunk.toString()}`.slice(-2000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  try {
    await untilListening(child, port, () => output);
    return await measure({
      pid: child.pid ?? 0,
      url: new URL(`http://127.0.0.1:${port}/mcp`),
      mark,
      memoryBytes: () => proportionalBytes(mark),
      endsWithin: async (ms) => ended(child) || (await within(once(child, 'exit'), ms)) !== undefined,
    });
  } finally {
    await stop(child, mark);
  }
}
