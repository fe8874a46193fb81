/**
 * Compartments that serve one request at a time and keep nothing between them. One is used again when its handler has
 * settled and has left nothing behind, and only for the same principal; otherwise it ends.
 *
 * A new compartment costs far more than a request, and what it costs slows down the requests that run meanwhile. So a
 * request for which none is free first waits a moment for one that is; and before one has served its last request, its
 * successor is set up.
 */
import { serialize } from 'node:v8';
import type { Rejection } from '../../protocol/rejection.js';
import { type ClockTimer, clockMs, startTimer } from '../../shared/clock.js';
import { consumerOf } from '../../shared/consumer.js';
import { Deadline } from '../../shared/deadline.js';
import { NOBODY } from '../../shared/session-context.js';
import type { EndReason } from '../../telemetry/end-reason.js';
import type { Caller, Compartment, CompartmentOwner } from './compartment.js';
import { type CompartmentRequest, RequestLine } from './request-line.js';
import { SharedCompartments } from './shared-compartments.js';

/** After that many requests a fresh one is taken: what a module's code has piled up in memory goes. */
const MAX_REQUESTS = 1_000;
/** Then its successor is set up, which takes less time than the rest of the requests. */
const SUCCEEDED_AFTER = 900;
/** One that nobody needs is kept for this long, in milliseconds. */
const IDLE_MS = 30_000;
/** How long a request waits for a busy one, although another one could be opened. Its worker would hardly be set up by then. */
const PATIENCE_MS = 8;
/**
 * How long a request waits while none becomes free, and no worker is left for another one. After that it takes the place of a
 * session without work, or waits for the worker of any session or server.
 */
const STALLED_MS = 1_000;
/** How often those who wait are looked at, if there is room and if there is none. */
const LOOK_MS = { room: 4, full: 100 } as const;

/** Longer than most servers' lists take until they have settled. */
const TEACHING_MS = 5_000;

/** Of one compartment. */
interface Served {
  readonly key: string;
  requests: number;
}

/** Where compartments of requests come from. */
export interface RequestCompartmentsParts<Kind> {
  /** Whether a compartment may serve a second request. */
  reuse(): boolean;
  /** Whether a new one would get a worker without another one giving up its own. */
  room(): boolean;
  /** Whether this caller has as many workers as it may have. */
  isFull(caller: Caller): boolean;
  /** Whether one that is free should end, because others wait for a worker who have fewer than its caller. */
  yields(caller: Caller): boolean;
  /** Whether one that serves callers who have not said who they are serves those of one address alone. */
  readonly byAddress: boolean;
  /** Why no new one can be opened, or `undefined`. */
  rejection(): Rejection<'draining' | 'session_limit'> | undefined;
  open(caller: Caller, owner: CompartmentOwner): Kind;
}

export class RequestCompartments<Kind extends Compartment> implements CompartmentOwner {
  readonly #parts: RequestCompartmentsParts<Kind>;
  readonly #line = new RequestLine<Kind>();
  /** By whom they may be used. */
  readonly #shared = new Map<string, SharedCompartments<Compartment>>();
  readonly #served = new Map<Compartment, Served>();
  #look: ClockTimer | undefined;

  constructor(parts: RequestCompartmentsParts<Kind>) {
    this.#parts = parts;
  }

  /** How many requests wait for one. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Gives the request a compartment: at once, or when one is free. */
  serve(request: CompartmentRequest<Kind>): void {
    const key = this.#keyOf(request.caller);
    const idle = this.#takeIdle(key);
    if (idle !== undefined) return request.begin(idle, 0);
    if (!this.#isWorthWaiting(key, request.caller, clockMs())) return this.#serveAnew(request, 0);
    this.#line.wait(key, request);
    this.#lookLater();
  }

  /** The gateway stops: requests that still wait are told so, because no drain waits for them. */
  close(): void {
    const rejection = this.#parts.rejection();
    if (rejection !== undefined) this.#line.refuseAll(rejection);
  }

  /** One that is there and has nothing to do. The caller has it for one request alone, here and below. */
  takeIdle(caller: Caller): Kind | undefined {
    return this.#takeIdle(this.#keyOf(caller));
  }

  /** A new one. */
  open(caller: Caller): Kind {
    const { opened, shared } = this.#open(caller);
    shared.begins(opened);
    return opened;
  }

  onRequestOver(compartment: Compartment): void {
    const served = this.#served.get(compartment);
    const shared = served && this.#shared.get(served.key);
    if (shared?.useOf(compartment) !== 'busy' || served === undefined) return;
    // One waits for its client, or was preceded by a question of the gateway.
    if (compartment.requestsInFlight > 0) return;
    served.requests += 1;
    if (
      !this.#parts.reuse() ||
      served.requests >= MAX_REQUESTS ||
      !compartment.clean ||
      this.#parts.yields(compartment.context)
    ) {
      this.#forget(compartment);
      const end = (): void => void compartment.end('request_over');
      // Otherwise no worker of such a server would live long enough for that.
      // A gateway that ends takes it along; the program around it need not wait.
      if (compartment.teaches) new Deadline(TEACHING_MS, end).unref();
      // The answer leaves first.
      else queueMicrotask(end);
      return;
    }
    if (served.requests === SUCCEEDED_AFTER && shared.idle === 0) this.#openSuccessor(compartment);
    shared.rests(compartment);
    // The answer leaves first.
    if (this.#line.length > 0) queueMicrotask(() => void this.#advance(served.key));
  }

  onReady(compartment: Compartment): void {
    const served = this.#served.get(compartment);
    const shared = served && this.#shared.get(served.key);
    if (shared?.useOf(compartment) !== 'coming' || served === undefined) return;
    shared.rests(compartment);
    if (this.#line.length > 0) queueMicrotask(() => void this.#advance(served.key));
  }

  expired(compartment: Compartment): EndReason | undefined {
    return compartment.requestsInFlight === 0 && compartment.idleMs >= IDLE_MS ? 'idle' : undefined;
  }

  onEnded(compartment: Compartment): void {
    this.#forget(compartment);
    // Its worker's place is free soon, for whoever waits.
    for (const key of this.#line.keys()) queueMicrotask(() => void this.#advance(key));
  }

  #takeIdle(key: string): Kind | undefined {
    return this.#shared.get(key)?.take() as Kind | undefined;
  }

  #open(caller: Caller): { readonly opened: Kind; readonly shared: SharedCompartments<Compartment> } {
    const key = this.#keyOf(caller);
    const opened = this.#parts.open(caller, this);
    this.#served.set(opened, { key, requests: 0 });
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      shared = new SharedCompartments();
      this.#shared.set(key, shared);
    }
    return { opened, shared };
  }

  #forget(compartment: Compartment): void {
    const served = this.#served.get(compartment);
    if (served === undefined) return;
    this.#served.delete(compartment);
    const shared = this.#shared.get(served.key);
    shared?.gone(compartment);
    if (shared?.empty === true) this.#shared.delete(served.key);
  }

  /** The one that will take the place of this compartment, which is about to serve its last requests. */
  #openSuccessor({ context }: Compartment): void {
    if (!this.#parts.room() || this.#parts.isFull(context) || this.#parts.rejection() !== undefined) return;
    const { opened, shared } = this.#open(context);
    shared.comes(opened);
    opened.prepare();
  }

  /** Serves the first that waits, if a compartment is free or it has waited long enough; `false` if it waits on. */
  #advance(key: string): boolean {
    const sinceMs = this.#line.firstSinceMs(key);
    const caller = this.#line.firstCaller(key);
    if (sinceMs === undefined || caller === undefined) return false;
    const idle = this.#takeIdle(key);
    if (idle === undefined && this.#isWorthWaiting(key, caller, sinceMs)) return false;
    const request = this.#line.next(key);
    const waitedMs = clockMs() - sinceMs;
    if (idle !== undefined) request?.begin(idle, waitedMs);
    else if (request !== undefined) this.#serveAnew(request, waitedMs);
    return true;
  }

  /**
   * Whether a request with this key should wait for a compartment that others use.
   * @param sinceMs when it began to wait
   */
  #isWorthWaiting(key: string, caller: Caller, sinceMs: number): boolean {
    const shared = this.#shared.get(key);
    if (shared === undefined || shared.busy + shared.coming === 0) return false;
    const nowMs = clockMs();
    if (this.#parts.room() && !this.#parts.isFull(caller))
      return this.#parts.reuse() && nowMs - sinceMs < PATIENCE_MS;
    return nowMs - Math.max(sinceMs, shared.movedMs) < STALLED_MS;
  }

  #lookLater(): void {
    if (this.#look !== undefined || this.#line.length === 0) return;
    const ms = this.#parts.room() ? LOOK_MS.room : LOOK_MS.full;
    this.#look = startTimer(() => this.#lookAtAll(), ms);
    this.#look.unref();
  }

  #lookAtAll(): void {
    this.#look = undefined;
    for (const key of [...this.#line.keys()]) {
      let moves = true;
      while (moves) moves = this.#advance(key);
    }
    this.#lookLater();
  }

  /** By whom a compartment for this caller may be used. */
  #keyOf(caller: Caller): string {
    const key = keyOf(caller);
    return this.#parts.byAddress && caller.principal === NOBODY.subject
      ? `${consumerOf(caller)} ${key}`
      : key;
  }

  #serveAnew(request: CompartmentRequest<Kind>, waitedMs: number): void {
    const rejection = this.#parts.rejection();
    // That counts as movement: those behind it wait for their turn.
    if (rejection === undefined) request.begin(this.open(request.caller), waitedMs);
    else request.refuse(rejection);
  }
}

/**
 * Callers with the same key may meet the same worker. A server may look at the principal, its scopes and claims, and the
 * metadata, and they do not change while its worker lives.
 */
export function keyOf(caller: Caller): string {
  const { scopes, claims } = caller.identity;
  const owner = ownerKeyOf(caller);
  for (const _ in claims) return serialize([owner, scopes, claims]).toString('base64');
  return scopes.length === 0 ? owner : `${owner} ${scopes.join(' ')}`;
}

/** Whom a call that waits belongs to: a refreshed token may have other scopes, and still continues it. */
export function ownerKeyOf({ principal, metadata }: Pick<Caller, 'principal' | 'metadata'>): string {
  // It is whatever can be cloned, which is more than JSON has.
  for (const _ in metadata) return serialize([principal, metadata]).toString('base64');
  return principal;
}
