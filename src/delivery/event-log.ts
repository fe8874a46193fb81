/**
 * What one session's SSE streams have carried, so that a client can resume a stream where it lost it. It is bounded in
 * events and in bytes, for the session and for all sessions together. Events that were written to a connection are
 * dropped before those that were not, and among both the oldest first.
 */
import { clockMs } from '../shared/clock.js';
import { LazyMap } from '../shared/lazy-collections.js';
import type { BudgetedLog, EventLogBudget } from './event-log-budget.js';
import { EventQueue, type LoggedEvent, sizeOf } from './event-queue.js';

/** A client that lost its stream comes back within seconds, or not at all. */
const RETENTION_MS = 5 * 60_000;
/** Events that no client fetches must not displace those from which a broken stream is resumed. */
const UNDELIVERED_SHARE = 15 / 16;

export interface EventLogLimits {
  readonly events: number;
  readonly bytes: number;
}

interface StreamMark {
  /** Highest sequence number that has left the log. */
  lost: number;
  /**
   * Highest sequence number among the events that left the log before they were written to any connection, and of whose
   * loss no client has been told.
   */
  unheard: number;
  events: number;
  finished: boolean;
}

export interface Replay {
  readonly events: readonly LoggedEvent[];
  /** Whether events after the cursor have left the log. */
  readonly lost: boolean;
  /** Highest sequence number of the stream that has left the log; 0: none has. */
  readonly lastLost: number;
  /** Whether the stream's last response is among the events, or came before the cursor. */
  readonly finished: boolean;
}

/** The owner of the streams in the log. */
export interface EventLogOwner {
  /** This many events have left the log before any client received them. */
  onDropped(events: number): void;
}

export class EventLog implements BudgetedLog {
  rank = 0;
  readonly #limits: EventLogLimits;
  readonly #budget: EventLogBudget;
  readonly #owner: EventLogOwner;
  readonly #delivered = new EventQueue();
  readonly #undelivered = new EventQueue();
  readonly #streams = new LazyMap<string, StreamMark>();
  #sequence = 0;

  constructor(limits: EventLogLimits, budget: EventLogBudget, owner: EventLogOwner) {
    this.#limits = limits;
    this.#budget = budget;
    this.#owner = owner;
  }

  get bytes(): number {
    return this.#delivered.bytes + this.#undelivered.bytes;
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
      state: 'undelivered',
      deliveredMs: 0,
      previous: undefined,
      next: undefined,
    };
    this.#undelivered.push(event);
    this.#mark(stream).events += 1;
    this.#budget.account(this, sizeOf(event));
    while (this.#size > this.#limits.events || this.bytes > this.#limits.bytes) this.dropOne();
    this.#budget.enforce(this);
    return event;
  }

  /** The event was written to a connection, perhaps not for the first time. */
  delivered(event: LoggedEvent): void {
    // A replayed event was delivered before; an event that was too large has left the log at once.
    if (event.state !== 'undelivered') {
      const mark = this.#streams.get(event.stream);
      if (mark?.unheard === event.sequence) mark.unheard = 0;
      return;
    }
    this.#undelivered.remove(event);
    event.state = 'delivered';
    event.deliveredMs = clockMs();
    this.#delivered.push(event);
  }

  /** The stream has carried its last response. */
  finish(stream: string): void {
    const mark = this.#mark(stream);
    mark.finished = true;
    if (mark.events === 0) this.#streams.delete(stream);
  }

  /** Drops what was written to a connection long ago. */
  prune(nowMs: number): void {
    for (let event = this.#delivered.first; event !== undefined; event = this.#delivered.first) {
      if (nowMs - event.deliveredMs < RETENTION_MS) return;
      this.#drop(event);
    }
  }

  /** What the stream carried after the cursor, or `undefined` if the log does not know the stream. */
  replay(stream: string, afterSequence: number): Replay | undefined {
    const mark = this.#streams.get(stream);
    if (mark === undefined) return undefined;
    const events: LoggedEvent[] = [];
    for (const queue of [this.#delivered, this.#undelivered]) {
      for (const event of queue)
        if (event.stream === stream && event.sequence > afterSequence) events.push(event);
    }
    events.sort((one, other) => one.sequence - other.sequence);
    return { events, lost: mark.lost > afterSequence, lastLost: mark.lost, finished: mark.finished };
  }

  /** Events that have not been written to any connection. */
  undelivered(stream: string): LoggedEvent[] {
    return [...this.#undelivered].filter((event) => event.stream === stream);
  }

  /**
   * The highest sequence number among those of the stream's events that were never written to a connection and have
   * left the log since the last call; 0: there are none.
   */
  takeUnheard(stream: string): number {
    const mark = this.#streams.get(stream);
    const unheard = mark?.unheard ?? 0;
    if (mark !== undefined) mark.unheard = 0;
    return unheard;
  }

  dropOne(): boolean {
    const event = this.#expendable();
    if (event === undefined) return false;
    const unseen = event.state === 'undelivered';
    this.#drop(event);
    if (unseen) this.#owner.onDropped(1);
    return true;
  }

  clear(): void {
    const { bytes } = this;
    this.#delivered.clear();
    this.#undelivered.clear();
    this.#streams.clear();
    this.#budget.account(this, -bytes);
  }

  get #size(): number {
    return this.#delivered.size + this.#undelivered.size;
  }

  #expendable(): LoggedEvent | undefined {
    const [delivered, undelivered] = [this.#delivered, this.#undelivered];
    const hoarded =
      undelivered.size > Math.ceil(this.#limits.events * UNDELIVERED_SHARE) ||
      (undelivered.size > 1 && undelivered.bytes > this.#limits.bytes * UNDELIVERED_SHARE);
    return hoarded ? undelivered.first : (delivered.first ?? undelivered.first);
  }

  #drop(event: LoggedEvent): void {
    const unseen = event.state === 'undelivered';
    (unseen ? this.#undelivered : this.#delivered).remove(event);
    event.state = 'dropped';
    this.#budget.account(this, -sizeOf(event));
    const mark = this.#mark(event.stream);
    mark.lost = Math.max(mark.lost, event.sequence);
    if (unseen) mark.unheard = Math.max(mark.unheard, event.sequence);
    mark.events -= 1;
    if (mark.events === 0 && mark.finished) this.#streams.delete(event.stream);
  }

  #mark(stream: string): StreamMark {
    let mark = this.#streams.get(stream);
    if (mark === undefined) {
      mark = { lost: 0, unheard: 0, events: 0, finished: false };
      this.#streams.set(stream, mark);
    }
    return mark;
  }
}
