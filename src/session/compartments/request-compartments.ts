/**
 * Compartments that serve one request at a time and keep nothing between them. One is used again when its handler has
 * settled and has left nothing behind, and only for the same principal; otherwise it ends.
 */
import { serialize } from 'node:v8';
import type { Rejection } from '../../protocol/rejection.js';
import { Deadline } from '../../shared/deadline.js';
import type { EndReason } from '../../telemetry/end-reason.js';
import type { Caller, Compartment, CompartmentOwner } from './compartment.js';
import { type CompartmentRequest, RequestLine } from './request-line.js';

/** After that many requests a fresh one is taken: what a module's code has piled up in memory goes. */
const MAX_REQUESTS = 1_000;
/** One that nobody needs is kept for this long, in milliseconds. */
const IDLE_MS = 30_000;

/** Longer than most servers' lists take until they have settled. */
const TEACHING_MS = 5_000;

interface Use {
  readonly key: string;
  requests: number;
}

/** Where compartments of requests come from. */
export interface RequestCompartmentsParts<Kind> {
  /** Whether a compartment may serve a second request. */
  reuse(): boolean;
  /** Whether a new one would get a worker without another one giving up its own. */
  room(): boolean;
  /** Why no new one can be opened, or `undefined`. */
  rejection(): Rejection<'draining' | 'session_limit'> | undefined;
  open(caller: Caller, owner: CompartmentOwner): Kind;
}

export class RequestCompartments<Kind extends Compartment> implements CompartmentOwner {
  readonly #parts: RequestCompartmentsParts<Kind>;
  readonly #line = new RequestLine<Kind>();
  /** By whom they may be used; the one that was used last is the last. */
  readonly #idle = new Map<string, Kind[]>();
  readonly #uses = new Map<Compartment, Use>();

  constructor(parts: RequestCompartmentsParts<Kind>) {
    this.#parts = parts;
  }

  /** How many requests wait for one. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Gives the request a compartment: at once, or when one is free. */
  serve(request: CompartmentRequest<Kind>): void {
    const { caller } = request;
    const key = keyOf(caller);
    const idle = this.takeIdle(caller);
    if (idle !== undefined) return request.begin(idle);
    if (this.#isBusy(key) && !this.#parts.room()) return this.#line.wait(key, request);
    this.#serveAnew(request);
  }

  /** One that is there and has nothing to do. The caller has it for one request alone, here and below. */
  takeIdle(caller: Caller): Kind | undefined {
    const key = keyOf(caller);
    const idle = this.#idle.get(key);
    const last = idle?.pop();
    if (idle?.length === 0) this.#idle.delete(key);
    return last;
  }

  /** A new one. */
  open(caller: Caller): Kind {
    const opened = this.#parts.open(caller, this);
    this.#uses.set(opened, { key: keyOf(caller), requests: 0 });
    return opened;
  }

  onRequestOver(compartment: Compartment): void {
    const use = this.#uses.get(compartment);
    if (use === undefined || compartment.serving) return;
    use.requests += 1;
    if (!this.#parts.reuse() || use.requests >= MAX_REQUESTS || !compartment.clean) {
      this.#uses.delete(compartment);
      const end = (): void => void compartment.end('request_over');
      // Otherwise no worker of such a server would live long enough for that.
      if (compartment.teaches) new Deadline(TEACHING_MS, end);
      // The answer leaves first.
      else queueMicrotask(end);
      return;
    }
    const idle = this.#idle.get(use.key);
    if (idle === undefined) this.#idle.set(use.key, [compartment as Kind]);
    else idle.push(compartment as Kind);
    // The answer leaves first.
    if (this.#line.length > 0) queueMicrotask(() => this.#advance(use.key));
  }

  expired(compartment: Compartment): EndReason | undefined {
    return compartment.requestsInFlight === 0 && compartment.idleMs >= IDLE_MS ? 'idle' : undefined;
  }

  onEnded(compartment: Compartment): void {
    const use = this.#uses.get(compartment);
    this.#uses.delete(compartment);
    const idle = use && this.#idle.get(use.key);
    if (use !== undefined && idle !== undefined) {
      const left = idle.filter((one) => one !== compartment);
      if (left.length === 0) this.#idle.delete(use.key);
      else this.#idle.set(use.key, left);
    }
    // Its worker's place is free soon, for whoever waits.
    for (const key of this.#line.keys()) queueMicrotask(() => this.#advance(key));
  }

  /** A compartment is free, or can be opened now. */
  #advance(key: string): void {
    const idle = this.#idle.get(key)?.at(-1);
    if (idle === undefined && this.#isBusy(key) && !this.#parts.room()) return;
    const request = this.#line.next(key);
    if (request === undefined) return;
    const taken = this.takeIdle(request.caller);
    if (taken === undefined) this.#serveAnew(request);
    else request.begin(taken);
  }

  #serveAnew(request: CompartmentRequest<Kind>): void {
    const rejection = this.#parts.rejection();
    if (rejection === undefined) request.begin(this.open(request.caller));
    else request.refuse(rejection);
  }

  /** Whether a compartment that it may share serves a request, and will be free. */
  #isBusy(key: string): boolean {
    const idle = this.#idle.get(key)?.length ?? 0;
    let all = 0;
    for (const use of this.#uses.values()) if (use.key === key) all += 1;
    return all > idle;
  }
}

/** A server may look at the principal and the metadata, and they do not change while its worker lives. */
export function keyOf({ principal, metadata }: Caller): string {
  // It is whatever can be cloned, which is more than JSON has.
  for (const _ in metadata) return serialize([principal, metadata]).toString('base64');
  return principal;
}
