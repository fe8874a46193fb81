import { gone } from '../runner/gone.js';
import { ECHO, type Scenario } from '../scenario.js';

export const vanishingClients: Scenario = {
  name: 'vanishing-clients',
  shows:
    'Nothing is left of clients that vanish while their calls run: no session, no thread, no child process.',
  gatewayFlags: ['--disconnect-grace', '1s', '--resume-grace', '1s', '--cancel-grace', '500ms'],
  phases: ({ quick }) => [
    {
      watched: true,
      runs: [
        {
          name: 'vanish',
          durationMs: quick ? 8_000 : 30_000,
          flags: ['--sessions', '12', '--listen', '--concurrency', '12', '--drop', '4'],
          mix: [
            { tool: 'sleep', arguments: { ms: 2_000 }, weight: 2 },
            { tool: 'child', arguments: { seconds: 2 }, weight: 2 },
            { tool: 'spin', arguments: { ms: 200 }, weight: 1 },
            { ...ECHO, weight: 2 },
          ],
          expect: ['errors==0', 'failed-sessions==0'],
        },
      ],
    },
  ],
  checks: ({ gateway }) => gone(gateway),
};
