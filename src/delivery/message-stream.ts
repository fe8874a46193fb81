/**
 * One stream of JSON-RPC messages to the client, independent of the connection that carries it at the moment: the
 * answer to a POST, the GET stream, or the one stream of the legacy transport. It chooses between a JSON body and SSE,
 * gives events their ids, keeps them in the log, and returns credit when bytes have left.
 */

import type { RequestId } from '../shared/request-id.js';
import type { SessionStreamKind } from '../telemetry/events.js';
import { eventIdSuffix } from './event-id.js';
import type { EventLog } from './event-log.js';
import type { LoggedEvent } from './event-queue.js';
import type { ResponseStream, StreamLoss } from './outbox.js';
import type { StartFailure } from './start-failure.js';
import type { ConnectionOwner, StreamConnection } from './stream-connection.js';
import type { StreamTotals } from './stream-totals.js';

/** Sent to clients as `retry:`. A client that lost its stream comes back after this time. */
export const RETRY_MS = 1_000;

/** Clients of earlier revisions cannot parse an event with empty data. */
const FIRST_VERSION_WITH_PRIMING = '2025-11-25';

/** What the streams of a session share. */
export interface StreamOwner {
  /** `undefined` for the legacy transport, which cannot resume streams. */
  readonly log: EventLog | undefined;
  readonly protocolVersion: string;
  /** What clients are told to wait before they resume a stream; `undefined`: no stream can be resumed. */
  readonly retryMs: number | undefined;
  readonly totals: StreamTotals;
  /** How long a POST may wait for an answer as JSON. */
  readonly sseAfterMs: number;
  /** This many characters have left, or never will. */
  flushed(stream: MessageStream, chars: number): void;
  /** The stream has become SSE. */
  opened(stream: MessageStream): void;
  /** The connection is gone and the stream is not finished. */
  lost(stream: MessageStream, loss: StreamLoss): void;
  /** The stream carries nothing more; its last bytes may not have left. */
  finished(stream: MessageStream): void;
}

export interface StreamPurpose {
  readonly kind: SessionStreamKind;
  /** Names the stream in event ids; unique in its session. */
  readonly key: string;
  readonly requestIds: readonly RequestId[];
  /** Whether it becomes SSE after `sseAfterMs`; otherwise not before `mayStream` is called. */
  readonly mayStream: boolean;
  /** Where it may not yet: after how long it becomes SSE all the same; without it, never. */
  readonly patienceMs?: number;
  /** Whether the answer is an array, because the request was a batch. */
  readonly batch: boolean;
}

/** Events of a stream that have been lost, and what its client is told about it. */
export interface StreamGap {
  /** Sequence number of the last lost event. */
  readonly lastLost: number;
  /** At least one. */
  readonly notices: readonly string[];
}

export class MessageStream implements ResponseStream, ConnectionOwner {
  readonly kind: SessionStreamKind;
  readonly key: string;
  readonly requestIds: readonly RequestId[];
  readonly #owner: StreamOwner;
  readonly #batch: boolean;
  /** Created when it is needed: an answer as JSON needs none. */
  #idSuffix: string | undefined;
  #unanswered: number;
  /** Answers of a batch that may still become one JSON array. */
  #held: string[] = [];
  #connection: StreamConnection | undefined;
  #opened = false;
  /** Whether it is counted among the open streams of all sessions. */
  #counted = false;
  #resumable = false;
  #finished = false;
  #switchTimer: NodeJS.Timeout | undefined;
  #withheldChars = 0;
  /** The part of them for which the current thread waits. */
  #owedChars = 0;
  #blocked = false;

  constructor(owner: StreamOwner, purpose: StreamPurpose, connection?: StreamConnection) {
    this.#owner = owner;
    this.kind = purpose.kind;
    this.key = purpose.key;
    this.requestIds = purpose.requestIds;
    this.#batch = purpose.batch;
    this.#unanswered = purpose.requestIds.length;
    if (connection !== undefined) this.#take(connection);
    if (purpose.mayStream) this.#switchLater(owner.sseAfterMs);
    else if (purpose.patienceMs !== undefined) this.#switchLater(purpose.patienceMs);
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** Whether all its requests have been answered. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Characters that were accepted and have not left yet. */
  get bufferedChars(): number {
    return this.#withheldChars;
  }

  /** Whether it is SSE. */
  get streaming(): boolean {
    return this.#opened;
  }

  /** From now on it may become SSE. Before, there was no thread yet and therefore no status. */
  mayStream(): void {
    if (!this.#opened && !this.#finished) this.#switchLater(this.#owner.sseAfterMs);
  }

  send(body: string, answers: RequestId | undefined, chars: number, failure?: string): void {
    if (this.#finished) return this.#owner.flushed(this, chars);
    if (answers !== undefined) this.#unanswered -= 1;
    const last = answers !== undefined && this.#unanswered === 0;
    if (!this.#opened && this.#connection !== undefined && answers !== undefined && this.kind === 'post') {
      this.#held.push(body);
      // The last answer of a batch must not wait for credit that the other answers hold.
      if (last) this.#answerAsJson(this.#connection, chars, failure);
      else this.#owner.flushed(this, chars);
      return;
    }
    this.#open();
    this.#write(body, chars);
    if (last) this.end();
  }

  /** Fails with a status, if none has been sent yet. */
  fail(failure: StartFailure, answers: RequestId): void {
    const connection = this.#connection;
    if (this.#opened || connection === undefined) return this.send(failure.body, answers, 0);
    clearTimeout(this.#switchTimer);
    this.#finished = true;
    this.#connection = undefined;
    connection.fail(failure);
    this.#owner.finished(this);
  }

  /** Sends a message of the gateway to the current connection. It is not kept, and has no event id. */
  tell(body: string): void {
    if (this.#opened) this.#writeEvent(undefined, body, undefined, 0);
  }

  /**
   * Attaches a connection: the client has resumed the stream, or opened its GET stream. Events from the log are sent
   * first. `cursor` is the sequence number before the first of them. With a higher number, a client that loses the
   * stream again would skip events. The notices of a gap are sent at the place of its last event and with that event's
   * id, so that only a client that has read them is past the gap.
   */
  attach(
    connection: StreamConnection,
    replay: readonly LoggedEvent[],
    cursor: number | undefined,
    gap?: StreamGap,
  ): void {
    this.#connection?.end();
    this.#released();
    this.#take(connection);
    this.#opened = false;
    this.#count();
    this.#open(cursor);
    let untold = gap;
    for (const event of replay) {
      if (untold !== undefined && event.sequence > untold.lastLost) {
        this.#writeGap(untold);
        untold = undefined;
      }
      this.#writeEvent(event.sequence, event.body, event, 0);
    }
    if (untold !== undefined) this.#writeGap(untold);
  }

  closeOnPurpose(): void {
    if (this.#connection === undefined) return;
    this.#open();
    this.#connection.end();
    this.#lost(RETRY_MS);
  }

  /** Ends the stream, and its connection if there is one. */
  end(): void {
    clearTimeout(this.#switchTimer);
    this.#finished = true;
    if (this.#connection !== undefined && !this.#opened && this.kind !== 'post') this.#open();
    const left = this.#connection?.end() ?? true;
    this.#connection = undefined;
    this.#count();
    this.#owner.log?.finish(this.key);
    if (left) this.#released();
    this.#owner.finished(this);
  }

  /** What waits now was sent by a thread that is gone. */
  voidCredit(): void {
    this.#owedChars = 0;
  }

  onDrain(connection: StreamConnection): void {
    // A connection that was replaced says nothing about its successor.
    if (this.#connection === connection || this.#connection === undefined) this.#released();
  }

  onClose(connection: StreamConnection): void {
    if (this.#connection === connection) this.#lost(0);
  }

  #take(connection: StreamConnection): void {
    this.#connection = connection;
    connection.owner = this;
  }

  #switchLater(afterMs: number): void {
    clearTimeout(this.#switchTimer);
    this.#switchTimer = setTimeout(() => this.#open(), afterMs);
  }

  #answerAsJson(connection: StreamConnection, chars: number, failure: string | undefined): void {
    clearTimeout(this.#switchTimer);
    this.#finished = true;
    this.#connection = undefined;
    const body = this.#batch ? `[${this.#held.join(',')}]` : (this.#held[0] ?? '');
    const left = connection.answer(body, failure);
    this.#held = [];
    if (left) this.#owner.flushed(this, chars);
    else this.#withhold(chars);
    this.#owner.finished(this);
  }

  #open(cursor?: number): void {
    if (this.#opened) return;
    clearTimeout(this.#switchTimer);
    this.#opened = true;
    this.#count();
    const { log, protocolVersion, retryMs } = this.#owner;
    const primed = log !== undefined && protocolVersion >= FIRST_VERSION_WITH_PRIMING;
    if (this.#connection !== undefined) {
      this.#connection.open(primed ? this.#eventId(cursor ?? log.nextSequence()) : undefined, retryMs);
      if (primed) this.#resumable = true;
    }
    this.#owner.opened(this);
    const held = this.#held;
    this.#held = [];
    for (const body of held) this.#write(body, 0);
  }

  #write(body: string, chars: number): void {
    const { log } = this.#owner;
    if (log === undefined) return this.#writeEvent(undefined, body, undefined, chars);
    const event = log.append(this.key, body);
    this.#writeEvent(event.sequence, body, event, chars);
  }

  #writeEvent(
    sequence: number | undefined,
    body: string,
    event: LoggedEvent | undefined,
    chars: number,
  ): void {
    if (this.#connection === undefined) return this.#owner.flushed(this, chars);
    if (event !== undefined) {
      this.#owner.log?.delivered(event);
      this.#resumable = true;
    }
    const id = sequence === undefined ? undefined : this.#eventId(sequence);
    const flowing = this.#connection.write(id, body);
    if (flowing && !this.#blocked) return this.#owner.flushed(this, chars);
    this.#blocked = true;
    this.#withhold(chars);
  }

  #writeGap({ lastLost, notices }: StreamGap): void {
    const last = notices.length - 1;
    notices.forEach((body, index) => {
      this.#writeEvent(index === last ? lastLost : undefined, body, undefined, 0);
    });
  }

  #eventId(sequence: number): string {
    this.#idSuffix ??= eventIdSuffix(this.key, this.requestIds);
    return `${sequence}${this.#idSuffix}`;
  }

  #withhold(chars: number): void {
    this.#withheldChars += chars;
    this.#owedChars += chars;
    this.#owner.totals.bufferedChars += chars;
  }

  /** Must be called whenever the stream may have opened or closed. */
  #count(): void {
    const open = this.#opened && this.#connection !== undefined;
    if (open === this.#counted) return;
    this.#counted = open;
    this.#owner.totals.streams[this.kind] += open ? 1 : -1;
  }

  /** What waited has left, or never will. In both cases the thread may send again. */
  #released(): void {
    this.#blocked = false;
    const chars = this.#owedChars;
    this.#owner.totals.bufferedChars -= this.#withheldChars;
    this.#withheldChars = 0;
    this.#owedChars = 0;
    if (chars > 0) this.#owner.flushed(this, chars);
  }

  /** @param pauseMs how long the client was told to wait before it comes back */
  #lost(pauseMs: number): void {
    clearTimeout(this.#switchTimer);
    this.#connection = undefined;
    // Without a connection a JSON body is no longer possible; messages go to the log.
    this.#opened = true;
    this.#count();
    const held = this.#held;
    this.#held = [];
    for (const body of held) this.#write(body, 0);
    this.#released();
    const final = this.kind === 'legacy';
    this.#owner.lost(this, { final, resumable: this.#resumable, pauseMs });
  }
}
