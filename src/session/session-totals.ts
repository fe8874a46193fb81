/**
 * Totals over all sessions, updated with each change. A scrape visits no session, and takes the same time for ten
 * thousand as for one.
 */

import { STATE_BUDGET_BYTES } from '../shared/session-state-size.js';
import type { SessionState } from '../telemetry/snapshot.js';
import { StateBudget } from './state-budget.js';

export class SessionTotals {
  requestsInFlight = 0;
  /** Sessions whose workers stay because somebody listens to what they tell. */
  kept = 0;
  /** Size of all `session.state`. */
  readonly state: StateBudget;
  readonly states: Record<Exclude<SessionState, 'ending'>, number> = {
    asleep: 0,
    waking: 0,
    awake: 0,
    falling_asleep: 0,
  };

  /** @param onStateUsed called with the size of all `session.state`, in bytes, when it has changed */
  constructor(onStateUsed: (bytes: number) => void) {
    this.state = new StateBudget(STATE_BUDGET_BYTES, onStateUsed);
  }
}
