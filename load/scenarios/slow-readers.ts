import type { LoadReport } from '../load-report.js';
import { ECHO, type Scenario } from '../scenario.js';

const MEBIBYTE = 1024 * 1024;
/** What the slow readers ask for, 64 MiB each; at 16 KiB/s that takes more than an hour. */
const FLOOD = { notifications: 4_096, bytes: 16 * 1024 };
const SLOW_SESSIONS = 16;
/** What a session's thread takes at most, including what its tool has created and not sent yet. */
const THREAD_BYTES = 24 * MEBIBYTE;
/** What waits for a reader at most, in addition to its socket's buffer. */
const BUFFERED_BYTES = 2 * MEBIBYTE;
/** The gateway's memory at the end may exceed that of the quarter before by this share and still count as bounded. */
const STILL_SHARE = 0.05;
/** By then the quick clients have their threads, and their calls begin to count. */
const SLOW_AFTER_MS = 2_000;

export const slowReaders: Scenario = {
  name: 'slow-readers',
  shows:
    'Clients that read far more slowly than their tools send neither fill the memory nor slow down the others.',
  gatewayFlags: ['--spare-threads', '4'],
  phases: ({ quick }) => {
    const durationMs = quick ? 8_000 : 30_000;
    return [
      {
        watched: true,
        runs: [
          {
            name: 'slow',
            afterMs: SLOW_AFTER_MS,
            durationMs,
            flags: [
              ...['--sessions', String(SLOW_SESSIONS), '--concurrency', String(SLOW_SESSIONS)],
              ...['--read-rate', '16KiB/s', '--timeout', `${durationMs / 2}ms`],
            ],
            mix: [{ tool: 'flood', arguments: FLOOD, weight: 1 }],
            // No call can be read to its end in that time, so each is abandoned.
            expect: ['lost>0', 'answered>=0', 'failed-sessions==0', 'errors[connection]==0'],
          },
          {
            name: 'quick',
            durationMs,
            flags: ['--sessions', '4', '--rate', '50', '--warm-up', `${SLOW_AFTER_MS}ms`],
            mix: [ECHO],
            expect: ['errors==0', 'p99<1s'],
          },
        ],
      },
    ];
  },
  async checks({ gateway, report }) {
    const metrics = await gateway.metrics();
    const logBytes = metrics.sum('bulkhead_limit', { limit: 'event_log_bytes' }) ?? 0;
    const mostBytes = SLOW_SESSIONS * (THREAD_BYTES + BUFFERED_BYTES) + logBytes;
    const bytes = residentBytes(report('quick'));
    const rise = Math.max(...bytes) - (bytes[0] ?? Number.NaN);
    const quarter = Math.floor((bytes.length * 3) / 4);
    const before = Math.max(...bytes.slice(0, quarter));
    const after = Math.max(...bytes.slice(quarter));
    return [
      {
        text: `memory rises by no more than threads, buffers and event logs may take, ${mebibytes(mostBytes)}`,
        measured: mebibytes(rise),
        met: rise < mostBytes,
      },
      {
        text: `in the last quarter of the time it rises by less than ${100 * STILL_SHARE} %`,
        measured: `from ${mebibytes(before)} to ${mebibytes(after)}`,
        met: after < before * (1 + STILL_SHARE),
      },
    ];
  },
};

/** The gateway's samples from when all sessions were open. */
function residentBytes({ process, rampMs }: LoadReport): number[] {
  const samples = process?.samples.filter(({ atMs }) => atMs >= rampMs) ?? [];
  return samples.map((sample) => sample.residentBytes);
}

function mebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(0)} MiB`;
}
