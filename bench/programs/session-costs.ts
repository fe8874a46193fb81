/** What a session of a program costs: time until `initialize` is answered, and memory. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import { exchange } from '../client/http-exchange.js';
import { McpSession } from '../client/mcp-session.js';
import { killMarked, proportionalBytes } from '../peers/marked-processes.js';
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

async function timedSession(url: URL): Promise<{ readonly ms: number; readonly session: McpSession }> {
  const client = new Client(url.origin);
  // Whatever it says, the connection is open then.
  await exchange(client, 'GET', '/', { accept: 'text/html' }, null);
  const startMs = performance.now();
  const session = await McpSession.initialize(url, client);
  return { ms: performance.now() - startMs, session };
}

/** Proportional set size that a session adds, in MiB, with whatever it starts. */
export async function sessionMib(url: URL, mark: string): Promise<number> {
  return addedMib(mark, async () => {
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
    return await addedMib(mark, async () => {
      const { wire } = await startedDirectly(commandWith(mark));
      return () => wire.close();
    });
  } finally {
    killMarked(mark);
  }
}

async function addedMib(mark: string, open: () => Promise<() => Promise<void>>): Promise<number> {
  const close = [await open()];
  await delay(SETTLE_MS);
  const before = proportionalBytes(mark);
  while (close.length <= SESSIONS) close.push(await open());
  await delay(SETTLE_MS);
  const added = (proportionalBytes(mark) - before) / SESSIONS / MIB;
  for (const each of close) await each();
  return added;
}

/** From the start of the process until `initialize` was answered, in milliseconds. */
export async function directInitializeMs(command: Command): Promise<number> {
  const { ms, wire } = await startedDirectly(command);
  await wire.close();
  return ms;
}

/** Started, initialized, and asked for its tools. */
async function startedDirectly(
  command: Command,
): Promise<{ readonly ms: number; readonly wire: Wire; readonly ask: (text: string) => Promise<string> }> {
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
