/** What goes on when a client ends its session, or is gone: its calls, what it held, and a process that it started. */
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type PeerClient, withPair } from '../clients.js';
import { isRunning } from '../marked-processes.js';
import type { Peer } from '../peers.js';
import type { PeerRow, PeerSettings, Reading } from '../reading.js';
import { type StartedPeer, withPeer } from '../started-peer.js';
import { withTemporaryFolder } from '../temporary-folder.js';

const MIB = 2 ** 20;
const HELD_MIB = 256;
/** A call that nothing stops, and a process that nothing kills, outlive the watch. */
const WORK_MS = 120_000;
/** Tools beat every 50 ms; on a busy machine a beat may be late. */
const SILENCE_MS = 1_500;
const POLL_MS = 50;

interface Ending {
  readonly what: string;
  readonly end: (client: PeerClient) => Promise<void>;
  /** How long is watched; longer than what any of the peers waits by default, where it says. */
  readonly watchMs: number;
}

/** Looks at something until it has ended; seconds since `startMs` (`Date.now`), or `undefined`. */
async function endOf(
  startMs: number,
  watchMs: number,
  pollMs: number,
  endedAtMs: () => Promise<number | undefined> | number | undefined,
): Promise<number | undefined> {
  while (Date.now() < startMs + watchMs) {
    const ended = await endedAtMs();
    if (ended !== undefined) return Math.max(0, ended - startMs) / 1000;
    await delay(pollMs);
  }
  return undefined;
}

/** When a tool's heart beat for the last time, once it is silent. */
async function lastBeatMs(file: string): Promise<number | undefined> {
  const { mtimeMs } = await stat(file);
  return Date.now() - mtimeMs > SILENCE_MS ? mtimeMs : undefined;
}

/** What beats and polls can tell. */
const LEAST_S = 0.1;

function seconds(value: number | undefined, otherwise: string): Reading {
  if (value === undefined) return { note: otherwise };
  return value < LEAST_S ? { value: LEAST_S, note: 'or less' } : { value };
}

/** Starts a call that beats, and waits for its first beat. */
async function beating(client: PeerClient, tool: string, file: string): Promise<void> {
  await writeFile(file, '');
  const { mtimeMs } = await stat(file);
  // The call ends with its client.
  void client.session.attempt(tool, { ms: WORK_MS, file });
  for (let polls = 0; (await stat(file)).mtimeMs <= mtimeMs; polls += 1) {
    if (polls > 200) throw new Error(`${tool} did not begin`);
    await delay(POLL_MS);
  }
}

async function spinning(started: StartedPeer, folder: string, ending: Ending): Promise<Reading> {
  return withPair(started, async (client) => {
    const file = join(folder, 'spin');
    await beating(client, 'spin', file);
    const startMs = Date.now();
    // A spinning server does not answer DELETE.
    ending.end(client).catch(() => undefined);
    const ended = await endOf(startMs, ending.watchMs, POLL_MS, () => lastBeatMs(file));
    return seconds(ended, `still spins after ${ending.watchMs / 1000} s`);
  });
}

/** Another client's calls give a collector its chance, and a server that only cleans up on the next request. */
async function otherCalls(client: PeerClient, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    const outcome = await client.call('echo', { text: 'meanwhile' });
    if (outcome?.kind !== 'answered') return;
    await delay(1);
  }
}

async function held(peer: Peer, started: StartedPeer, folder: string, ending: Ending): Promise<Reading[]> {
  return withPair(started, async (client, other) => {
    const file = join(folder, 'sleep');
    const before = started.memoryBytes();
    await client.must('allocate', { mib: HELD_MIB, where: 'buffers' });
    const plainChild = Number(await client.must('child', { seconds: WORK_MS / 1000, of: 'node' }));
    const sessionChild =
      peer.package === undefined
        ? Number(await client.must('child', { seconds: WORK_MS / 1000, of: 'session' }))
        : undefined;
    await beating(client, 'sleep', file);

    const meanwhile = new AbortController();
    const calls = otherCalls(other, meanwhile.signal);
    const startMs = Date.now();
    ending.end(client).catch(() => undefined);
    const watch = (pollMs: number, endedAtMs: Parameters<typeof endOf>[3]) =>
      endOf(startMs, ending.watchMs, pollMs, endedAtMs);
    const goneAt = (pid: number) => () => (isRunning(pid) ? undefined : Date.now());
    const leftMib = () => (started.memoryBytes() - before) / MIB;
    const [sleepEnded, plainGone, sessionGone, memoryBack] = await Promise.all([
      watch(POLL_MS, () => lastBeatMs(file)),
      watch(POLL_MS, goneAt(plainChild)),
      sessionChild === undefined ? undefined : watch(POLL_MS, goneAt(sessionChild)),
      watch(250, () => (leftMib() < HELD_MIB / 4 ? Date.now() : undefined)),
    ]);
    meanwhile.abort();
    await calls;
    const after = `after ${ending.watchMs / 1000} s`;
    return [
      seconds(sleepEnded, `still runs ${after}`),
      seconds(memoryBack, `${Math.round(leftMib())} MiB more ${after}`),
      seconds(plainGone, `left ${after}`),
      sessionChild === undefined ? { note: 'has none' } : seconds(sessionGone, `left ${after}`),
    ];
  });
}

function read(peer: Peer, ending: Ending): Promise<Reading[]> {
  return withTemporaryFolder(async (folder) => {
    // One server spins and the other only waits, so that they hardly disturb each other.
    const both = await Promise.allSettled([
      withPeer(peer, (started) => spinning(started, folder, ending)),
      withPeer(peer, (started) => held(peer, started, folder, ending)),
    ]);
    const failed = both.find((settled) => settled.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return both.flatMap((settled) => (settled.status === 'fulfilled' ? settled.value : []));
  });
}

function row(name: string, of: (settings: PeerSettings) => Ending): PeerRow {
  const { what } = of({ quick: false, progress: () => undefined });
  const measure = (text: string) => ({ name: `${what}: ${text}`, unit: 's', better: 'lower' as const });
  return {
    name,
    measures: [
      measure('a call that spins stops after'),
      measure('a call that heeds its signal stops after'),
      measure(`${HELD_MIB} MiB of the session are back after`),
      measure('its child of `node:child_process` is gone after'),
      measure('its child of `session.spawn` is gone after'),
    ],
    read: (peer, settings) => read(peer, of(settings)),
  };
}

export const deleted = row('delete', ({ quick }) => ({
  what: 'DELETE',
  end: (client) => client.session.delete(),
  watchMs: quick ? 3_000 : 15_000,
}));

export const vanished = row('vanish', ({ quick }) => ({
  what: 'client vanishes',
  end: (client) => client.vanish(),
  watchMs: quick ? 2_500 : 40_000,
}));
