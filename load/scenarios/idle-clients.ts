import { ECHO, type LoadRun, type Scenario } from '../scenario.js';

/** As in Claude Code, every client holds a GET stream from its start to its end; two of them work. */
function idle(
  name: string,
  durationMs: number,
  clients: number,
  ramp: string,
  expect: readonly string[],
): LoadRun {
  return {
    name,
    durationMs,
    flags: ['--idle', String(clients), '--sessions', '2', '--rate', '10', '--listen', '--ramp', ramp],
    mix: [ECHO],
    expect: ['errors==0', 'failed-sessions==0', 'streams-closed==0', ...expect],
  };
}

export const idleClients: Scenario = {
  name: 'idle-clients',
  shows:
    'Many clients that are connected and do nothing cost little memory, and do not slow down the few that work.',
  gatewayFlags: [],
  phases: ({ quick }) => [
    // What a gateway needs for its first sessions, such as compiled code, is not needed for each further one.
    { watched: true, runs: [idle('warm-up', 1_000, 200, '2s', [])] },
    {
      watched: true,
      runs: [
        idle('idle', quick ? 5_000 : 30_000, quick ? 600 : 1_000, '8s', [
          'memory-per-session<30KiB',
          'p90<250ms',
          'p99<1s',
        ]),
      ],
    },
  ],
};
