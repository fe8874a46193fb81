/**
 * What the parts of the stateless era know of a compartment: a record that the gateway has opened itself. What it
 * belongs to is up to the server's affinity.
 */
import type { SessionContext } from '../../shared/session-context.js';
import type { EndReason } from '../../telemetry/end-reason.js';

/** Who sends a request, as far as its compartment depends on it. */
export type Caller = Pick<
  SessionContext,
  'principal' | 'identity' | 'metadata' | 'userAgent' | 'remoteAddress'
>;

/** A record, as whoever has opened it sees it. */
export interface Compartment {
  readonly context: SessionContext;
  /** It has ended, or is about to. */
  readonly ended: boolean;
  /** A handler runs in it that has not been cancelled: it may wait for its client. */
  readonly serving: boolean;
  /** Nothing runs in it, and nothing is left of what has run. */
  readonly clean: boolean;
  /** Its worker is about to tell what later requests can be answered without one. */
  readonly teaches: boolean;
  readonly idleMs: number;
  readonly requestsInFlight: number;
  /** Has its worker set up before a request needs it; its owner is told when it is. */
  prepare(): void;
  end(reason: EndReason): Promise<void>;
}

/** Who has opened a record for the stateless era. */
export interface CompartmentOwner {
  /**
   * A request is over for its client, whose answer has not been sent yet; or nobody continues what waited for its client.
   */
  onRequestOver(compartment: Compartment): void;
  /** Its worker has been set up. */
  onReady(compartment: Compartment): void;
  /** Its time is over, if it is: why. */
  expired(compartment: Compartment): EndReason | undefined;
  onEnded(compartment: Compartment): void;
}
