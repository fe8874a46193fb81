import type { Trend } from '../load-report.js';
import { gone } from '../runner/gone.js';
import { ECHO, type LoadRun, type Scenario } from '../scenario.js';

const MEBIBYTE = 1024 * 1024;

function turnover(name: string, durationMs: number, expect: readonly string[]): LoadRun {
  return {
    name,
    durationMs,
    // Few calls: almost each is its session's first and needs a thread. A machine that starts threads all the time
    // shows the cost of threads, not what is left of sessions.
    flags: ['--sessions', '60', '--listen', '--rate', '5', '--churn', '25', '--drop', '10'],
    mix: [ECHO],
    expect: ['errors==0', 'failed-sessions==0', ...expect],
  };
}

export const soak: Scenario = {
  name: 'soak',
  shows:
    'After thousands of sessions have come and gone, memory, threads and descriptors are where they were.',
  // Dropped sessions live for the grace: with the default, their number would rise for the first 30 s.
  gatewayFlags: ['--disconnect-grace', '1s'],
  phases: ({ quick, soakMs }) => [
    // The first sessions warm up the gateway: compiled code and the size of the heap settle, which is not a leak.
    { watched: true, runs: [turnover('warm-up', quick ? 6_000 : 20_000, [])] },
    {
      watched: true,
      runs: [
        turnover('soak', soakMs, [
          'threads-slope<6',
          'descriptors-slope<12',
          `memory-slope<${slope(soakMs)}MiB`,
        ]),
      ],
    },
  ],
  async checks({ gateway, report }) {
    const trends = report('soak').process?.trends;
    return [
      tell('memory', trends?.residentBytes, MEBIBYTE, 'MiB'),
      tell('threads', trends?.threads, 1, ''),
      tell('descriptors', trends?.descriptors, 1, ''),
      ...(await gone(gateway)),
    ];
  },
};

/** MiB a minute: in a short run the heap fluctuates, in a long one it must not grow. */
function slope(soakMs: number): number {
  return soakMs >= 300_000 ? 2 : 60;
}

/** Prints the slope; its bound is a threshold of the run. */
function tell(what: string, trend: Trend | null | undefined, unit: number, name: string) {
  if (trend === null || trend === undefined) {
    return { text: `the slope of ${what} is known`, measured: 'too few samples', met: false };
  }
  const { perMinute, plusMinus, flat } = trend;
  const measured = `${(perMinute / unit).toFixed(2)} ± ${(plusMinus / unit).toFixed(2)} ${name}`.trimEnd();
  const verdict = flat ? 'not different from zero' : 'different from zero';
  return { text: `the slope of ${what} is known`, measured: `${measured} a minute, ${verdict}`, met: true };
}
