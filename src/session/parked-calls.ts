/**
 * Calls of the stateless era whose handlers wait for their clients (2026-07-28, Multi Round-Trip Requests). The client has
 * been answered with `input_required` and a state; its next request continues the call. The client may never come back (R5.7),
 * so the time and the number of those that wait are limited, and a handler for which nobody comes is cancelled.
 *
 * A state is good for one use. What became of a call is remembered for a while, so that a client that comes too late is told
 * what to do.
 */
import { JSON_RPC } from '../protocol/json-rpc-error.js';
import type { Rejection } from '../protocol/rejection.js';
import { Deadline } from '../shared/deadline.js';
import type { GatewayEmitter, ParkedCallOutcome, RequestFacts } from '../telemetry/events.js';
import type { BoundRequest, RequestState, RequestStates } from './request-state.js';

/** As long as a person may take for a form. */
const PARKED_MS = 5 * 60_000;
export const MAX_PARKED_OF_ONE_PRINCIPAL = 64;
export const MAX_PARKED = 1024;
/** Calls that are over, of which it is known what became of them. */
const MAX_REMEMBERED = 1024;

/** The session in whose compartment the handler waits. */
export interface ParkedCallOwner {
  /** Nobody continues the call: its handler has to stop. */
  onAbandoned(key: string, why: string): void;
}

export type ParkingRejection = Rejection<'parked_limit' | 'draining'>;
export type StateRejection = Rejection<'request_state' | 'parked_call_lost'>;

interface ParkedCall<Owner> {
  readonly facts: RequestFacts;
  readonly principal: string;
  readonly owner: Owner;
  readonly round: number;
  readonly deadline: Deadline;
}

/** A call that nobody can continue: why the client is told so. */
interface Past {
  readonly round: number;
  readonly rejection: StateRejection;
}

const INVALID: StateRejection = {
  reason: 'request_state',
  code: JSON_RPC.invalidParams,
  message:
    'Invalid requestState: this server has not issued it for this request. Send it as it was received, with the same method and parameters, or call anew without it.',
};
const TOO_LATE: StateRejection = {
  reason: 'request_state',
  code: JSON_RPC.invalidParams,
  message: `Expired requestState: the call waited ${PARKED_MS / 60_000} minutes for it and was cancelled. Call anew without it.`,
};
const USED: StateRejection = {
  reason: 'request_state',
  code: JSON_RPC.invalidParams,
  message:
    'Repeated requestState: each is good for one request. Use that of the latest answer, or call anew without it.',
};

/** What a client is told whose continuation cannot be given to the server that waits for it. */
export const UNREAD_CONTINUATION =
  'The server has been sent more than it has read, and the call that this continues is cancelled. Call anew without requestState, or send less.';

function lostCall(why: string): StateRejection {
  return {
    reason: 'parked_call_lost',
    code: JSON_RPC.internalError,
    message: `The call that this continues is gone: ${why.replace(/\.$/, '')}. Call anew without requestState.`,
  };
}

/** @typeParam Owner the gateway's sessions */
export class ParkedCalls<Owner extends ParkedCallOwner> {
  readonly #states: RequestStates;
  readonly #events: GatewayEmitter;
  /** By key. */
  readonly #calls = new Map<string, ParkedCall<Owner>>();
  readonly #ofPrincipal = new Map<string, number>();
  /** By key, in the order in which they ended. */
  readonly #past = new Map<string, Past>();
  #lastRound = 0;
  #draining = false;

  constructor(states: RequestStates, events: GatewayEmitter) {
    this.#states = states;
    this.#events = events;
  }

  get size(): number {
    return this.#calls.size;
  }

  /**
   * The handler of this call waits for its client from now on.
   * @returns the `requestState` with which the client continues it, or why it cannot wait
   */
  park(facts: RequestFacts, bound: BoundRequest, owner: Owner): string | ParkingRejection {
    const { principal } = bound;
    const rejection = this.#rejection(principal);
    if (rejection !== undefined) return rejection;
    this.#lastRound += 1;
    const round = this.#lastRound;
    const deadline = new Deadline(PARKED_MS, () => this.#abandon(facts.key)).unref();
    this.#calls.set(facts.key, { facts, principal, owner, round, deadline });
    this.#ofPrincipal.set(principal, (this.#ofPrincipal.get(principal) ?? 0) + 1);
    return this.#states.seal({ key: facts.key, round, expiresAtMs: Date.now() + PARKED_MS }, bound);
  }

  /**
   * A client continues a call: it is not parked any more.
   * @param text the request's `requestState`
   */
  take(text: string, bound: BoundRequest): { key: string; owner: Owner } | StateRejection {
    const state = this.#states.open(text, bound);
    if (state === undefined) return INVALID;
    const { key, round } = state;
    const call = this.#calls.get(key);
    if (call === undefined || call.round !== round || this.#isForeign(state)) return this.#whyNot(state);
    this.#end(key, call, 'resumed');
    return { key, owner: call.owner };
  }

  /**
   * The compartment of this session is gone, and what waited in it.
   * @param why one sentence, with or without its full stop
   * @returns how many calls waited
   */
  lost(owner: Owner, why: string): number {
    let lost = 0;
    if (this.#calls.size === 0) return lost;
    for (const [key, call] of [...this.#calls]) {
      if (call.owner !== owner) continue;
      this.#end(key, call, 'lost');
      this.#remember(key, call, lostCall(why));
      lost += 1;
    }
    return lost;
  }

  /** All that wait are cancelled, and no call may wait any more. */
  drain(): void {
    this.#draining = true;
    for (const [key, call] of [...this.#calls]) {
      this.#end(key, call, 'drained');
      this.#remember(key, call, lostCall('the server is shutting down'));
      call.owner.onAbandoned(key, 'the server is shutting down');
    }
  }

  #abandon(key: string): void {
    const call = this.#calls.get(key);
    if (call === undefined) return;
    this.#end(key, call, 'abandoned');
    this.#remember(key, call, TOO_LATE);
    call.owner.onAbandoned(key, `its client did not continue it within ${PARKED_MS / 60_000} minutes`);
  }

  #end(key: string, { facts, principal, deadline }: ParkedCall<Owner>, outcome: ParkedCallOutcome): void {
    deadline.clear();
    this.#calls.delete(key);
    const others = (this.#ofPrincipal.get(principal) ?? 1) - 1;
    if (others > 0) this.#ofPrincipal.set(principal, others);
    else this.#ofPrincipal.delete(principal);
    this.#events.emit('call-unparked', { ...facts, outcome });
  }

  #remember(key: string, { round }: ParkedCall<Owner>, rejection: StateRejection): void {
    this.#past.set(key, { round, rejection });
    if (this.#past.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#past.keys()) {
      this.#past.delete(oldest);
      return;
    }
  }

  /** Why an authentic state continues nothing. */
  #whyNot(state: RequestState): StateRejection {
    if (state.expiresAtMs <= Date.now()) return TOO_LATE;
    if (this.#isForeign(state)) return lostCall('the server has been restarted, or is another one');
    const past = this.#past.get(state.key);
    return past?.round === state.round ? past.rejection : USED;
  }

  /** Whether another run of a gateway with the same `state-key` has made it. */
  #isForeign({ gateway }: RequestState): boolean {
    return gateway !== this.#states.gateway;
  }

  #rejection(principal: string): ParkingRejection | undefined {
    if (this.#draining)
      return { reason: 'draining', message: 'The server is shutting down. Call again in a moment.' };
    const full = this.#calls.size >= MAX_PARKED;
    // Clients without credentials are not one principal.
    const open = principal === 'anonymous' ? 0 : (this.#ofPrincipal.get(principal) ?? 0);
    if (!full && open < MAX_PARKED_OF_ONE_PRINCIPAL) return undefined;
    const message = full
      ? `This call has a question for its client, but ${MAX_PARKED} calls wait for an answer already. Call again later.`
      : `This call has a question for its client, but ${MAX_PARKED_OF_ONE_PRINCIPAL} of your calls wait for an answer already. Answer them, or wait ${PARKED_MS / 60_000} minutes, and call again.`;
    return { reason: 'parked_limit', message };
  }
}
