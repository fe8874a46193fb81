/**
 * Requests that wait for a compartment: for a moment, or for longer if no worker is left for another one. When one is free,
 * it serves the next request of the same principal: to end it and to start another worker would take far longer.
 */
import type { Rejection } from '../../protocol/rejection.js';
import { clockMs } from '../../shared/clock.js';
import { consumerOf } from '../../shared/consumer.js';
import { Deadline } from '../../shared/deadline.js';
import type { Caller } from './compartment.js';
import { LineShares } from './line-shares.js';

/** A request of the stateless era that has no compartment yet. */
export interface CompartmentRequest<Kind> {
  readonly caller: Caller;
  /** Of its message. */
  readonly chars: number;
  /** Nobody waits for its answer any more. */
  isGone(): boolean;
  /** @param waitedMs how long it has waited for the compartment, which has yet to get a worker if it is a new one */
  begin(compartment: Kind, waitedMs: number): void;
  refuse(
    rejection: Rejection<
      'draining' | 'session_limit' | 'quota_exceeded' | 'thread_wait' | 'principal_wait_limit'
    >,
  ): void;
}

const MAX_WAITING_REQUESTS = 1_024;
/** Each is held as text and as what has been read from it. */
const MAX_WAITING_CHARS = 32 * 1024 * 1024;
/** Clients wait 60 s for the beginning of an answer. */
const WAIT_MS = 45_000;

const TOO_MANY = {
  reason: 'thread_wait',
  message: `${MAX_WAITING_REQUESTS} requests wait for a thread or process of this server already. Call again later.`,
} as const;
const TOO_LARGE = {
  reason: 'thread_wait',
  message: `Requests of ${MAX_WAITING_CHARS / 1024 / 1024} Mi characters wait for a thread or process of this server already. Call again later.`,
} as const;
const NOT_ALONE = {
  reason: 'principal_wait_limit',
  message:
    'Too many requests wait for a thread or process of this server, and more of them are yours than your share: others wait as well. Call again when some of yours have been answered.',
} as const;
const TOO_LONG = {
  reason: 'thread_wait',
  message: `No thread or process of this server became free within ${WAIT_MS / 1000} s. Call again later.`,
} as const;

interface Waiting<Kind> {
  readonly sinceMs: number;
  readonly request: CompartmentRequest<Kind>;
  readonly deadline: Deadline;
}

export class RequestLine<Kind> {
  /** By whom a compartment may be shared; the one that has waited longest is the first. */
  readonly #lines = new Map<string, Waiting<Kind>[]>();
  readonly #shares = new LineShares({ requests: MAX_WAITING_REQUESTS, chars: MAX_WAITING_CHARS });
  #length = 0;
  #chars = 0;

  get length(): number {
    return this.#length;
  }

  /** By whom a compartment may be shared. */
  keys(): IterableIterator<string> {
    return this.#lines.keys();
  }

  wait(key: string, request: CompartmentRequest<Kind>): void {
    const { chars } = request;
    const consumer = consumerOf(request.caller);
    if (!this.#hasRoom(chars)) {
      // Those that nobody waits for any more must not keep out who does.
      for (const [waitingKey, line] of [...this.#lines])
        for (const one of line.filter((waiting) => waiting.request.isGone())) this.#remove(waitingKey, one);
      if (this.#shares.entitled(consumer, chars)) this.#makeRoom(consumer, chars);
      else if (!this.#hasRoom(chars) && this.#shares.shares(consumer)) return request.refuse(NOT_ALONE);
      if (this.#length >= MAX_WAITING_REQUESTS) return request.refuse(TOO_MANY);
      if (!this.#hasRoom(chars)) return request.refuse(TOO_LARGE);
    }
    const deadline = new Deadline(WAIT_MS, () => this.#late(key, waiting));
    const waiting = { sinceMs: clockMs(), request, deadline };
    const line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, [waiting]);
    else line.push(waiting);
    this.#length += 1;
    this.#chars += chars;
    this.#shares.add(consumer, chars);
  }

  /** Refuses the latest requests of those who have more than their share, until there is room or nobody has. */
  #makeRoom(consumer: string, chars: number): void {
    while (!this.#hasRoom(chars)) {
      const of = this.#length >= MAX_WAITING_REQUESTS ? 'requests' : 'chars';
      const largest = this.#shares.largest(consumer, of);
      const latest = largest === undefined ? undefined : this.#latestOf(largest);
      if (latest === undefined) return;
      this.#remove(latest.key, latest.waiting);
      latest.waiting.request.refuse(NOT_ALONE);
    }
  }

  #latestOf(consumer: string): { readonly key: string; readonly waiting: Waiting<Kind> } | undefined {
    let latest: { readonly key: string; readonly waiting: Waiting<Kind> } | undefined;
    for (const [key, line] of this.#lines) {
      const waiting = line.findLast(({ request }) => consumerOf(request.caller) === consumer);
      if (waiting !== undefined && waiting.sinceMs >= (latest?.waiting.sinceMs ?? 0))
        latest = { key, waiting };
    }
    return latest;
  }

  /** One request has room in any case. */
  #hasRoom(chars: number): boolean {
    return (
      this.#length === 0 || (this.#length < MAX_WAITING_REQUESTS && this.#chars + chars <= MAX_WAITING_CHARS)
    );
  }

  /** Who has sent the first request with this key. */
  firstCaller(key: string): Caller | undefined {
    return this.#lines.get(key)?.[0]?.request.caller;
  }

  /** When the first request that somebody waits for has begun to wait; `undefined`: there is none. */
  firstSinceMs(key: string): number | undefined {
    const line = this.#lines.get(key);
    for (let first = line?.[0]; first !== undefined; first = line?.[0]) {
      if (!first.request.isGone()) return first.sinceMs;
      line?.shift();
      this.#left(key, first);
    }
    return undefined;
  }

  /** The next request that somebody waits for; `undefined`: none. */
  next(key: string): CompartmentRequest<Kind> | undefined {
    if (this.firstSinceMs(key) === undefined) return undefined;
    const first = this.#lines.get(key)?.shift();
    if (first !== undefined) this.#left(key, first);
    return first?.request;
  }

  /** Nobody is served any more. */
  refuseAll(rejection: Rejection<'draining' | 'session_limit'>): void {
    for (const key of [...this.#lines.keys()])
      for (let request = this.next(key); request !== undefined; request = this.next(key))
        request.refuse(rejection);
  }

  #late(key: string, waiting: Waiting<Kind>): void {
    if (!this.#remove(key, waiting)) return;
    if (!waiting.request.isGone()) waiting.request.refuse(TOO_LONG);
  }

  /** @returns whether it was there */
  #remove(key: string, waiting: Waiting<Kind>): boolean {
    const line = this.#lines.get(key);
    const index = line?.indexOf(waiting) ?? -1;
    if (index === -1) return false;
    line?.splice(index, 1);
    this.#left(key, waiting);
    return true;
  }

  #left(key: string, { deadline, request }: Waiting<Kind>): void {
    deadline.clear();
    this.#length -= 1;
    this.#chars -= request.chars;
    this.#shares.remove(consumerOf(request.caller), request.chars);
    if (this.#lines.get(key)?.length === 0) this.#lines.delete(key);
  }
}
