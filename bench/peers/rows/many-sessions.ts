import { numberText } from '../../markdown.js';
import { quantile } from '../../statistics.js';
import { PeerClient } from '../clients.js';
import type { PeerRow, Reading } from '../reading.js';
import { type StartedPeer, withPeer } from '../started-peer.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const SESSIONS = 2_000;
const AT_ONCE = 8;
const MOST_BYTES = 4 * GIB;
const CALLED = 50;

interface Opened {
  readonly clients: PeerClient[];
  readonly seconds: number;
  /** Why it was not gone on with. */
  readonly stoppedBy: string | undefined;
}

async function openAll(started: StartedPeer, mostMs: number): Promise<Opened> {
  const clients: PeerClient[] = [];
  const startMs = performance.now();
  let stoppedBy: string | undefined;
  let opening = 0;
  const loop = async (): Promise<void> => {
    while (stoppedBy === undefined && opening < SESSIONS) {
      opening += 1;
      try {
        clients.push(await PeerClient.open(started));
      } catch (error) {
        stoppedBy ??= `an open failed: ${error instanceof Error ? error.message : String(error)}`;
      }
      if (performance.now() - startMs > mostMs) stoppedBy ??= `${mostMs / 1000} s`;
      // Reading it takes milliseconds for each process.
      if (clients.length % 16 === 0 && started.memoryBytes() > MOST_BYTES) {
        stoppedBy ??= `${MOST_BYTES / GIB} GiB`;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, loop));
  return { clients, seconds: (performance.now() - startMs) / 1000, stoppedBy };
}

/** Words where fewer than all are open: less memory for fewer sessions is no better. */
function ofAll(open: number, value: number, unit: string): Reading {
  return open === SESSIONS ? { value } : { note: `${numberText(value)} ${unit} with ${numberText(open)}` };
}

/** Calls of some that lie evenly among them, one after the other. */
async function callSome(clients: readonly PeerClient[]): Promise<Reading[]> {
  const step = Math.max(1, Math.floor(clients.length / CALLED));
  const called = clients.filter((_, index) => index % step === 0).slice(0, CALLED);
  const latenciesMs: number[] = [];
  for (const client of called) {
    const outcome = await client.call('echo', { text: 'one of many' }, 5_000);
    if (outcome?.kind === 'answered') latenciesMs.push(outcome.ms);
  }
  const answered = called.length === 0 ? 0 : (100 * latenciesMs.length) / called.length;
  return [
    { value: answered, note: `${latenciesMs.length} of ${called.length}` },
    latenciesMs.length === 0
      ? { note: 'none answered' }
      : ofAll(clients.length, quantile(latenciesMs, 0.99), 'ms'),
  ];
}

const all = SESSIONS.toLocaleString('en-US');

export const manySessions: PeerRow = {
  name: 'many-sessions',
  measures: [
    { name: `${all} sessions with a GET stream each: opened`, unit: '', better: 'higher' },
    { name: `${all} sessions: opened each second`, unit: 'sessions/s', better: 'higher' },
    { name: `${all} sessions: memory of the server`, unit: 'MiB', better: 'lower' },
    { name: `${all} sessions: calls in ${CALLED} of them that are answered`, unit: '%', better: 'higher' },
    { name: `${all} sessions: these calls, p99`, unit: 'ms', better: 'lower' },
  ],
  read: (peer, { quick }) =>
    withPeer(peer, async (started): Promise<Reading[]> => {
      const { clients, seconds, stoppedBy } = await openAll(started, quick ? 3_000 : 45_000);
      try {
        return [
          { value: clients.length, ...(stoppedBy === undefined ? {} : { note: `stopped by ${stoppedBy}` }) },
          { value: clients.length / seconds },
          ofAll(clients.length, started.memoryBytes() / MIB, 'MiB'),
          ...(await callSome(clients)),
        ];
      } finally {
        await Promise.all(clients.map((client) => client.vanish()));
      }
    }),
};
