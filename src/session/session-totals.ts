/**
 * What is counted over all sessions while it changes: a scrape visits none of them, and takes as long with ten thousand as
 * with one.
 */

import { STATE_BUDGET_BYTES } from '../shared/session-state-size.js';
import type { SessionState } from '../telemetry/snapshot.js';
import { StateBudget } from './state-budget.js';

export class SessionTotals {
  requestsInFlight = 0;
  /** What `session.state` holds. */
  readonly state: StateBudget;
  readonly states: Record<Exclude<SessionState, 'ending'>, number> = {
    asleep: 0,
    waking: 0,
    awake: 0,
    falling_asleep: 0,
  };

  /** @param onStateUsed what `session.state` holds has changed, to so many bytes */
  constructor(onStateUsed: (bytes: number) => void) {
    this.state = new StateBudget(STATE_BUDGET_BYTES, onStateUsed);
  }
}
