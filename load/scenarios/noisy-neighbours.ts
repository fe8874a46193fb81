import { ECHO, type LoadRun, type Scenario } from '../scenario.js';

/**
 * Above this, or above ten times the quiet baseline if that is more, the neighbours have an effect. Below, it may be
 * noise of the machine.
 */
const P99_FLOOR_MS = 500;
const TIMES_BASELINE = 10;

/** So few that each finds a thread ready, because waiting for one would be a disturbance of its own. */
const QUIET_SESSIONS = 4;
/** By then they have their threads, and their calls begin to count. */
const NOISE_AFTER_MS = 2_000;

function quietRun(name: string, durationMs: number): LoadRun {
  return {
    name,
    durationMs,
    flags: ['--sessions', String(QUIET_SESSIONS), '--rate', '50', '--warm-up', `${NOISE_AFTER_MS}ms`],
    mix: [ECHO],
    expect: ['errors==0'],
  };
}

export const noisyNeighbours: Scenario = {
  name: 'noisy-neighbours',
  shows: 'Sessions that spin, allocate too much, crash and flood do not reach those beside them.',
  gatewayFlags: ['--thread-heap-mb', '64', '--spare-threads', String(QUIET_SESSIONS)],
  phases: ({ quick }) => {
    const durationMs = quick ? 8_000 : 30_000;
    return [
      { watched: true, runs: [quietRun('quiet-alone', durationMs)] },
      {
        watched: true,
        runs: [
          quietRun('quiet-beside-noise', durationMs),
          {
            name: 'noise',
            afterMs: NOISE_AFTER_MS,
            durationMs,
            flags: ['--sessions', '8', '--concurrency', '4'],
            mix: [
              { tool: 'spin', arguments: { ms: 500 }, weight: 2 },
              { tool: 'allocate', arguments: { mebibytes: 512 }, weight: 1 },
              { tool: 'crash', arguments: {}, weight: 1 },
              { tool: 'flood', arguments: { notifications: 200, bytes: 16_384 }, weight: 2 },
            ],
            // Threads that crash or exceed their memory cost their calls, which are answered with errors. A session
            // whose threads die repeatedly is ended.
            expect: ['errors>0', 'lost==0', 'forgotten>=0'],
          },
        ],
      },
    ];
  },
  async checks({ report }) {
    const alone = report('quiet-alone').latency.p99Ms ?? Number.NaN;
    const beside = report('quiet-beside-noise').latency.p99Ms ?? Number.NaN;
    return [
      {
        text: `p99 beside the noise at most ${TIMES_BASELINE} times that alone, or ${P99_FLOOR_MS} ms`,
        measured: `${beside.toFixed(1)} ms beside the noise, ${alone.toFixed(1)} ms alone`,
        met: beside <= Math.max(P99_FLOOR_MS, TIMES_BASELINE * alone),
      },
    ];
  },
};
