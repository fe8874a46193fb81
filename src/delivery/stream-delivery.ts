/** HTTP streams as the way to clients, and what the streams of all sessions share. */
import type { GatewayEmitter } from '../telemetry/events.js';
import { EventLogBudget } from './event-log-budget.js';
import type { Outbox, OutboxOwner, OutboxSource } from './outbox.js';
import { SessionStreams, type SharedByStreams } from './session-streams.js';
import { StatelessOutbox } from './stateless-outbox.js';
import { StreamTotals } from './stream-totals.js';

/** The limit for all sessions' event logs together. */
const EVENT_LOG_BYTES = 256 * 1024 * 1024;

export class StreamDelivery implements OutboxSource, SharedByStreams {
  readonly eventLogBudget = new EventLogBudget(EVENT_LOG_BYTES);
  readonly totals = new StreamTotals();
  readonly sseAfterMs: number;
  readonly events: GatewayEmitter;

  constructor({ sseAfterMs }: { readonly sseAfterMs: number }, events: GatewayEmitter) {
    this.sseAfterMs = sseAfterMs;
    this.events = events;
  }

  outboxFor(owner: OutboxOwner): Outbox {
    return owner.context.era === 'stateless'
      ? new StatelessOutbox(owner, this)
      : new SessionStreams(owner, this);
  }
}
