/** What a session of a program costs: time until `initialize` is answered, and memory. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import { exchange } from '../client/http-exchange.js';
import { McpSession } from '../client/mcp-session.js';
import { killMarked, proportionalBytes, proportionalBytesOf } from '../peers/marked-processes.js';
import { PROTOCOL_VERSION } from './conversation.js';
import type { Command } from './stdio-wire.js';
import { stdioWire } from './stdio-wire.js';
import type { Wire } from './wire.js';

const MIB = 2 ** 20;
/** Sessions of which each adds its part, after a first one that also brings what all share. */
const SESSIONS = 3;
/** What starts a program leaves behind is gone, and its timers have fired. */
const SETTLE_MS = 1_000;

const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: PROTOCOL_VERSION,
    capabilities: {},
    clientInfo: { name: 'bench', version: '1.0.0' },
  },
});
const INITIALIZED = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });
const LIST = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });

/** Until `initialize` was answered in a new session, in milliseconds; the connection is open before. */
export async function initializeMs(url: URL): Promise<number> {
  const { ms, session } = await timedSession(url);
  await session.delete();
  await session.close();
  return ms;
}

/** A session as a client has it that asks for the tools. */
export async function openSession(url: URL): Promise<McpSession> {
  const { session } = await timedSession(url);
  await session.initialized();
  await session.listTools();
  return session;
}

/** A process's lists are complete, and remembered, some time after its start. */
const TEACHING_MS = 5_000;

/** Has a session that a gateway learns from, and that loads what any server loads for its first session alone. */
export async function teach(...urls: readonly URL[]): Promise<void> {
  const sessions = await Promise.all(urls.map(openSession));
  await delay(TEACHING_MS);
  for (const session of sessions) {
    await session.delete();
    await session.close();
  }
}

/** A new session without its `notifications/initialized`. */
async function timedSession(url: URL): Promise<{ readonly ms: number; readonly session: McpSession }> {
  const client = new Client(url.origin);
  // Whatever the answer is, the connection is open from then on.
  await exchange(client, 'GET', '/', { accept: 'text/html' }, null);
  const startMs = performance.now();
  const session = await McpSession.initialize(url, client);
  return { ms: performance.now() - startMs, session };
}

/** Proportional set size that a session adds, in MiB. */
export interface AddedMib {
  /** With whatever it starts. */
  readonly all: number;
  /** Of the process that serves it alone. */
  readonly server: number;
}

/** @param pid the process that serves sessions; those of `mark` are it and all that it starts */
export async function sessionMib(url: URL, mark: string, pid: number): Promise<AddedMib> {
  const read = () => ({ all: proportionalBytes(mark), server: proportionalBytesOf(pid) });
  return added(read, async () => {
    const session = await openSession(url);
    return async () => {
      await session.delete();
      await session.close();
    };
  });
}

/** The same for processes that are started directly. */
export async function directMib(commandWith: (mark: string) => Command): Promise<number> {
  const mark = randomUUID();
  try {
    const read = () => ({ all: proportionalBytes(mark), server: 0 });
    const { all } = await added(read, async () => {
      const { wire } = await startedDirectly(commandWith(mark));
      return () => wire.close();
    });
    return all;
  } finally {
    killMarked(mark);
  }
}

async function added(read: () => AddedMib, open: () => Promise<() => Promise<void>>): Promise<AddedMib> {
  const close = [await open()];
  await delay(SETTLE_MS);
  const before = read();
  while (close.length <= SESSIONS) close.push(await open());
  await delay(SETTLE_MS);
  const after = read();
  for (const each of close) await each();
  const per = (bytes: number): number => bytes / SESSIONS / MIB;
  return { all: per(after.all - before.all), server: per(after.server - before.server) };
}

/** From the start of the process until `initialize` was answered, in milliseconds. */
export async function directInitializeMs(command: Command): Promise<number> {
  const { ms, wire } = await startedDirectly(command);
  await wire.close();
  return ms;
}

export interface StartedDirectly {
  /** Until `initialize` was answered. */
  readonly ms: number;
  readonly wire: Wire;
  /** Sends a request; resolves with its answer. One at a time. */
  readonly ask: (text: string) => Promise<string>;
}

/** Started, initialized, and asked for its tools. */
export async function startedDirectly(command: Command): Promise<StartedDirectly> {
  let answered: (text: string) => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const startMs = performance.now();
  const wire = await stdioWire(command)(
    (text) => {
      const { id, method } = JSON.parse(text) as { id?: unknown; method?: unknown };
      if (id !== undefined && method === undefined) answered(text);
    },
    (error) => failed(error),
  );
  const ask = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      answered = resolve;
      failed = reject;
      void wire.send(text);
    });
  await ask(INITIALIZE);
  const ms = performance.now() - startMs;
  await wire.send(INITIALIZED);
  await ask(LIST);
  return { ms, wire, ask };
}
