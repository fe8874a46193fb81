/**
 * What one session's SSE streams have carried, so that a client can take up a stream where it lost it. Bounded in
 * events and in bytes, for the session and for all sessions together; the oldest events go first.
 */
import { performance } from 'node:perf_hooks';
import { LateMap } from '../shared/late-collections.js';

/** A client that lost its stream comes back within seconds, or it does not come back. */
const RETENTION_MS = 5 * 60_000;

export interface LoggedEvent {
  readonly sequence: number;
  readonly stream: string;
  readonly body: string;
  readonly loggedMs: number;
  /** Whether it was written to a connection; the client may still not have got it. */
  delivered: boolean;
}

/** What all sessions' logs hold together. */
export class EventLogBudget {
  readonly limitBytes: number;
  usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }
}

export interface EventLogLimits {
  readonly events: number;
  readonly bytes: number;
}

interface StreamMark {
  /** Highest sequence number that has left the log. */
  lost: number;
  events: number;
  finished: boolean;
}

export interface Replay {
  readonly events: readonly LoggedEvent[];
  /** Events behind the cursor have left the log. */
  readonly lost: boolean;
  /** The stream's last response is among the events, or was before the cursor. */
  readonly finished: boolean;
}

export class EventLog {
  readonly #limits: EventLogLimits;
  readonly #budget: EventLogBudget;
  readonly #onDropped: (events: number) => void;
  readonly #events: LoggedEvent[] = [];
  readonly #streams = new LateMap<string, StreamMark>();
  #sequence = 0;
  #bytes = 0;

  constructor(limits: EventLogLimits, budget: EventLogBudget, onDropped: (events: number) => void) {
    this.#limits = limits;
    this.#budget = budget;
    this.#onDropped = onDropped;
  }

  /** The next sequence number, for an event that is not kept (a priming event). */
  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  append(stream: string, body: string): LoggedEvent {
    const event: LoggedEvent = {
      sequence: this.nextSequence(),
      stream,
      body,
      loggedMs: performance.now(),
      delivered: false,
    };
    this.#events.push(event);
    this.#mark(stream).events += 1;
    this.#account(sizeOf(body));
    this.#evict();
    return event;
  }

  /** The stream has carried its last response. */
  finish(stream: string): void {
    const mark = this.#mark(stream);
    mark.finished = true;
    if (mark.events === 0) this.#streams.delete(stream);
  }

  /** Drops what was written to a connection long ago. */
  prune(nowMs: number): void {
    let old = 0;
    for (const event of this.#events) {
      if (!event.delivered || nowMs - event.loggedMs < RETENTION_MS) break;
      old += 1;
    }
    this.#drop(old);
  }

  /** What the stream carried after the cursor, or `undefined` when the log knows nothing of the stream. */
  replay(stream: string, afterSequence: number): Replay | undefined {
    const mark = this.#streams.get(stream);
    if (mark === undefined) return undefined;
    return {
      events: this.#events.filter((event) => event.stream === stream && event.sequence > afterSequence),
      lost: mark.lost > afterSequence,
      finished: mark.finished,
    };
  }

  /** What no connection has been written yet. */
  undelivered(stream: string): LoggedEvent[] {
    return this.#events.filter((event) => event.stream === stream && !event.delivered);
  }

  clear(): void {
    this.#account(-this.#bytes);
    this.#events.length = 0;
    this.#streams.clear();
  }

  #mark(stream: string): StreamMark {
    let mark = this.#streams.get(stream);
    if (mark === undefined) {
      mark = { lost: 0, events: 0, finished: false };
      this.#streams.set(stream, mark);
    }
    return mark;
  }

  #account(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.usedBytes += bytes;
  }

  #evict(): void {
    let excess = 0;
    let bytes = this.#bytes;
    while (excess < this.#events.length) {
      const overOwn = this.#events.length - excess > this.#limits.events || bytes > this.#limits.bytes;
      const overAll = this.#budget.usedBytes - (this.#bytes - bytes) > this.#budget.limitBytes;
      if (!overOwn && !overAll) break;
      bytes -= sizeOf(this.#events[excess]?.body ?? '');
      excess += 1;
    }
    const undelivered = this.#drop(excess);
    if (undelivered > 0) this.#onDropped(undelivered);
  }

  /** Drops the oldest events; tells how many of them no client was ever sent. */
  #drop(count: number): number {
    let undelivered = 0;
    for (const event of this.#events.splice(0, count)) {
      this.#account(-sizeOf(event.body));
      if (!event.delivered) undelivered += 1;
      const mark = this.#mark(event.stream);
      mark.lost = event.sequence;
      mark.events -= 1;
      if (mark.events === 0 && mark.finished) this.#streams.delete(event.stream);
    }
    return undelivered;
  }
}

/** An upper bound: V8 keeps a string of Latin-1 characters in one byte each, any other in two. */
function sizeOf(body: string): number {
  return body.length * 2;
}
