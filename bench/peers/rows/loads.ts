/** The rows that are runs of `bulkhead load`. */
import type { LoadReport } from '../../../load/load-report.js';
import { load, troubles } from '../load-command.js';
import type { PeerRow, Reading } from '../reading.js';
import { withPeer } from '../started-peer.js';

const DEADLINE_MS = 90_000;

function reading(report: LoadReport, value: number | null): Reading {
  const note = troubles(report);
  return {
    ...(value === null ? {} : { value }),
    ...(note === undefined ? (value === null ? { note: 'nothing was answered' } : {}) : { note }),
  };
}

const AT_ONCE = 32;

export const sessionCreation: PeerRow = {
  name: 'session-creation',
  measures: [
    { name: `${AT_ONCE} sessions at once: opened`, unit: 'sessions/s', better: 'higher' },
    { name: '2 sessions a second: until one is open, p99', unit: 'ms', better: 'lower' },
    { name: 'first call of a session: p50', unit: 'ms', better: 'lower' },
    { name: 'first call of a session: p99', unit: 'ms', better: 'lower' },
  ],
  read: (peer, { quick }) =>
    withPeer(peer, async ({ url }): Promise<Reading[]> => {
      const paced = quick ? 4 : 24;
      const slow = await load(
        url,
        { sessions: paced, ramp: `${paced / 2}s`, rate: 10, duration: quick ? '1s' : '3s' },
        DEADLINE_MS,
      );
      const burst = await load(url, { sessions: AT_ONCE, ramp: '0s', rate: 10, duration: '1s' }, DEADLINE_MS);
      const { count, maxMs } = burst.sessionCreation;
      return [
        reading(burst, maxMs === null ? null : (count * 1000) / maxMs),
        reading(slow, slow.sessionCreation.p99Ms),
        reading(slow, slow.firstCall.p50Ms),
        reading(slow, slow.firstCall.p99Ms),
      ];
    }),
};

function throughput(sessions: number): PeerRow {
  return {
    name: `throughput-${sessions}`,
    measures: [
      { name: `echo, ${sessions} sessions, a call of each at a time`, unit: 'calls/s', better: 'higher' },
    ],
    read: (peer, { quick }) =>
      withPeer(peer, async ({ url }): Promise<Reading[]> => {
        const times = { 'warm-up': quick ? '1s' : '8s', duration: quick ? '2s' : '5s' };
        const report = await load(url, { sessions, concurrency: sessions, ...times }, DEADLINE_MS);
        return [reading(report, report.perSecond)];
      }),
  };
}

export const throughput8 = throughput(8);
export const throughput64 = throughput(64);

export const latency: PeerRow = {
  name: 'latency',
  measures: ['p50', 'p99'].map((quantile) => ({
    name: `echo, 50 calls/s over 8 sessions: ${quantile}`,
    unit: 'ms',
    better: 'lower',
  })),
  read: (peer, { quick }) =>
    withPeer(peer, async ({ url }): Promise<Reading[]> => {
      const times = { 'warm-up': quick ? '1s' : '5s', duration: quick ? '2s' : '20s' };
      const report = await load(url, { sessions: 8, rate: 50, ...times }, DEADLINE_MS);
      return [reading(report, report.latency.p50Ms), reading(report, report.latency.p99Ms)];
    }),
};
