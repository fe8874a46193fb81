import { ECHO, type Scenario } from '../scenario.js';

export const startingBurst: Scenario = {
  name: 'starting-burst',
  shows: '200 clients that start within one second all get their session, and soon.',
  gatewayFlags: [],
  phases: ({ quick }) => [
    {
      watched: true,
      runs: [
        {
          name: 'burst',
          durationMs: quick ? 3_000 : 10_000,
          // Few calls: each session's first call starts a thread, which is another measurement.
          flags: ['--sessions', '200', '--listen', '--ramp', '1s', '--rate', '10'],
          mix: [ECHO],
          expect: ['session-creation.p99<1s', 'failed-sessions==0', 'errors==0'],
        },
      ],
    },
  ],
};
