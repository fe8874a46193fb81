/**
 * What the parts of the stateless era know of a compartment: a record that the gateway has opened itself. What it
 * belongs to is up to the server's affinity.
 */
import type { Rejection } from '../../protocol/rejection.js';
import type { SessionContext } from '../../shared/session-context.js';
import type { EndReason } from '../../telemetry/end-reason.js';
import type { AskedCompartment } from './inner-request.js';

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
  /** Nothing runs in it, and nothing is left of what has run. */
  readonly clean: boolean;
  /** Its worker is about to tell what later requests can be answered without one. */
  readonly teaches: boolean;
  readonly idleMs: number;
  /** At least one while a call waits for its client. */
  readonly requestsInFlight: number;
  /** Has its worker set up before a request needs it; its owner is told when it is. */
  prepare(): void;
  end(reason: EndReason): Promise<void>;
}

/**
 * What comes before a call in its compartment. Never rejects.
 * @returns why the call is not served; `undefined`: it is
 */
export type CallCheck = (
  compartment: AskedCompartment,
) => Promise<(Rejection<string> & { readonly code: number }) | undefined>;

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
