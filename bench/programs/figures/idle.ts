/** Connected sessions that do nothing, of a server whose lists are learned. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchSettings, Figure, Row } from '../../figure.js';
import { PeerClient } from '../../peers/clients.js';
import { markedProcesses, proportionalBytesOf } from '../../peers/marked-processes.js';
import type { StartedPeer } from '../../peers/started-peer.js';
import { PREFIX } from '../programs.js';
import { teach } from '../session-costs.js';
import { ECHO, withBulkhead } from '../sides.js';

const KIB = 1024;
const SESSIONS = 100;
/** Beyond these, for a figure that does not depend on the size of a single page or buffer. */
const MORE = { full: 1_000, quick: 300 } as const;

interface Idle {
  readonly processes: number;
  readonly kibPerSession: number;
}

interface Plan {
  readonly more: number;
  readonly settleMs: number;
}

/**
 * Garbage is collected before memory is read, and the young generation does not grow: otherwise garbage, up to 50 MiB at any
 * moment, would outweigh what sessions hold.
 */
const COLLECTING = {
  nodeFlags: ['--max-semi-space-size=1', '--expose-gc', '--require', join(PREFIX, 'collect.cjs')],
};
const COLLECTION_MS = 1_000;

/** Memory of the server after a collection of its garbage. */
async function heldBytes({ pid }: StartedPeer): Promise<number> {
  process.kill(pid, 'SIGUSR2');
  await delay(COLLECTION_MS);
  return proportionalBytesOf(pid);
}

/** Each has its GET stream open; the connection of its requests is closed, as that of a client that does nothing. */
async function openIdle(started: StartedPeer, count: number): Promise<PeerClient[]> {
  const clients: PeerClient[] = [];
  while (clients.length < count) {
    const client = await PeerClient.open(started);
    await client.session.listTools();
    await client.session.rest();
    clients.push(client);
  }
  return clients;
}

async function idle(started: StartedPeer, { more, settleMs }: Plan): Promise<Idle> {
  await teach(started.url);
  const first = await openIdle(started, SESSIONS);
  await delay(settleMs);
  const processes = markedProcesses(started.mark).filter((pid) => pid !== started.pid).length;
  const before = await heldBytes(started);
  const others = await openIdle(started, more);
  await delay(settleMs);
  const kibPerSession = ((await heldBytes(started)) - before) / more / KIB;
  for (const client of [...first, ...others]) await client.vanish();
  return { processes, kibPerSession };
}

export const idleSessions: Row = {
  name: 'idle',
  title: 'idle sessions',
  async run({ rounds, quick, progress }: BenchSettings): Promise<Figure[]> {
    const plan = quick ? { more: MORE.quick, settleMs: 2_000 } : { more: MORE.full, settleMs: 10_000 };
    const own: Idle[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      progress(`idle: round ${round} of ${rounds}`);
      own.push(await withBulkhead(ECHO, {}, (started) => idle(started, plan), COLLECTING));
    }
    const measure = 'connected, idle sessions of a server whose lists are learned';
    return [
      {
        measure: `${SESSIONS} ${measure}: processes`,
        unit: '',
        bulkhead: own.map(({ processes }) => processes),
        goal: { kind: 'at most', value: 0 },
      },
      {
        measure: `${plan.more.toLocaleString('en-US')} more ${measure}: memory of each`,
        unit: 'KiB',
        bulkhead: own.map(({ kibPerSession }) => kibPerSession),
        // In KiB; the goal is 25 kB.
        goal: { kind: 'at most', value: 25_000 / KIB },
      },
    ];
  },
};
