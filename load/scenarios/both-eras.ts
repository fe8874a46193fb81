import type { Era } from '../../src/shared/session-context.js';
import { ECHO, type LoadRun, type Scenario } from '../scenario.js';

/** Each has its thread or takes one for each request, of which two cores cannot start so many at once. */
function clients(era: Era, count: number, durationMs: number): LoadRun {
  const flags = ['--era', era, '--sessions', String(count), '--listen', '--rate', '50', '--timeout', '60s'];
  return {
    name: era,
    durationMs,
    flags: [...flags, '--ramp', `${100 * count}ms`],
    mix: [ECHO],
    expect: ['errors==0', 'failed-sessions==0', 'streams-closed==0'],
  };
}

export const bothEras: Scenario = {
  name: 'both-eras',
  shows: 'Clients with sessions and clients without share one address, and each gets what is its own.',
  gatewayFlags: [],
  phases: ({ quick }) => {
    const [count, durationMs] = quick ? [30, 5_000] : [100, 20_000];
    const eras = ['session', 'stateless'] as const;
    return [{ watched: true, runs: eras.map((era) => clients(era, count, durationMs)) }];
  },
};
