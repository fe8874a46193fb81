/**
 * One stream of JSON-RPC messages to the client, apart from the connection that carries it at the moment: a POST's
 * answer, the GET stream, or the one stream of the legacy transport. It decides between a JSON body and SSE, gives
 * events their ids, keeps them in the log, and hands credit back once bytes have left.
 */

import type { RequestId } from '../shared/request-id.js';
import type { StreamKind } from '../telemetry/events.js';
import { eventIdSuffix } from './event-id.js';
import type { EventLog } from './event-log.js';
import type { LoggedEvent } from './event-queue.js';
import type { ResponseStream, StreamLoss } from './outbox.js';
import type { StartFailure } from './start-failure.js';
import type { ConnectionOwner, StreamConnection } from './stream-connection.js';
import type { StreamTotals } from './stream-totals.js';

/** What is told to clients as `retry:`; a client that lost its stream comes back after so long. */
export const RETRY_MS = 1_000;

/** Clients of earlier revisions can't parse an event with empty data. */
const FIRST_VERSION_WITH_PRIMING = '2025-11-25';

/** What the session's streams share. */
export interface StreamOwner {
  /** `undefined` for the legacy transport, which can't resume. */
  readonly log: EventLog | undefined;
  readonly protocolVersion: string;
  readonly totals: StreamTotals;
  /** How long a POST may wait to be answered as JSON. */
  readonly sseAfterMs: number;
  /** So many characters have left, or never will. */
  flushed(stream: MessageStream, chars: number): void;
  /** It has become SSE. */
  opened(stream: MessageStream): void;
  /** The connection is gone and the stream is not finished. */
  lost(stream: MessageStream, loss: StreamLoss): void;
  /** It carries nothing more; its last bytes may not have left. */
  finished(stream: MessageStream): void;
}

export interface StreamPurpose {
  readonly kind: StreamKind;
  /** Names the stream in event ids; unique in its session. */
  readonly key: string;
  readonly requestIds: readonly RequestId[];
  /** Whether it turns to SSE when it has waited for long enough; otherwise not before `mayStream`. */
  readonly mayStream: boolean;
  /** A batch is answered by an array. */
  readonly batch: boolean;
}

/** Events of a stream that have been lost, and what its client is told of that. */
export interface StreamGap {
  /** Sequence number of the last of them. */
  readonly lastLost: number;
  /** At least one. */
  readonly notices: readonly string[];
}

export class MessageStream implements ResponseStream, ConnectionOwner {
  readonly kind: StreamKind;
  readonly key: string;
  readonly requestIds: readonly RequestId[];
  readonly #owner: StreamOwner;
  readonly #batch: boolean;
  /** Made when it is needed: an answer as JSON needs none. */
  #idSuffix: string | undefined;
  #unanswered: number;
  /** Answers of a batch that may still become one JSON array. */
  #held: string[] = [];
  #connection: StreamConnection | undefined;
  #opened = false;
  /** Whether it is among the open streams of all sessions. */
  #counted = false;
  #resumable = false;
  #finished = false;
  #switchTimer: NodeJS.Timeout | undefined;
  #withheldChars = 0;
  /** The part of them that the present thread waits for. */
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
    if (purpose.mayStream) this.#switchLater();
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** Every request of it has been answered. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Characters that were handed over and have not left yet. */
  get bufferedChars(): number {
    return this.#withheldChars;
  }

  /** Whether it is SSE. */
  get streaming(): boolean {
    return this.#opened;
  }

  /** From now on it may turn to SSE; what held it back (no thread yet, so no status yet) is over. */
  mayStream(): void {
    if (!this.#opened && !this.#finished) this.#switchLater();
  }

  send(body: string, answers: RequestId | undefined, chars: number): void {
    if (this.#finished) return this.#owner.flushed(this, chars);
    if (answers !== undefined) this.#unanswered -= 1;
    const last = answers !== undefined && this.#unanswered === 0;
    if (!this.#opened && this.#connection !== undefined && answers !== undefined && this.kind === 'post') {
      this.#held.push(body);
      // The last answer of a batch must not wait for credit that the others hold.
      if (last) this.#answerAsJson(this.#connection, chars);
      else this.#owner.flushed(this, chars);
      return;
    }
    this.#open();
    this.#write(body, chars);
    if (last) this.end();
  }

  /** With a status, where none has been sent yet. */
  fail(failure: StartFailure, answers: RequestId): void {
    const connection = this.#connection;
    if (this.#opened || connection === undefined) return this.send(failure.body, answers, 0);
    clearTimeout(this.#switchTimer);
    this.#finished = true;
    this.#connection = undefined;
    connection.fail(failure);
    this.#owner.finished(this);
  }

  /** A message of the gateway's own for whoever is connected now: it is not kept, and has no event id. */
  tell(body: string): void {
    if (this.#opened) this.#writeEvent(undefined, body, undefined, 0);
  }

  /**
   * The client came back, or opened its GET stream: what the log has for it goes first. `cursor` is the sequence
   * number before the first of that: a later one would let the client skip it, were it to lose the stream again.
   * The notices of a gap stand where its last event would, under that one's id: a client that has read them, and
   * no other, is behind the gap.
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

  /** Ends the connection, if there is one, and the stream with it. */
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

  /** What is withheld now was sent by a thread that is gone. */
  voidCredit(): void {
    this.#owedChars = 0;
  }

  onDrain(connection: StreamConnection): void {
    // One that was replaced says nothing about its successor.
    if (this.#connection === connection || this.#connection === undefined) this.#released();
  }

  onClose(connection: StreamConnection): void {
    if (this.#connection === connection) this.#lost(0);
  }

  #take(connection: StreamConnection): void {
    this.#connection = connection;
    connection.owner = this;
  }

  #switchLater(): void {
    clearTimeout(this.#switchTimer);
    this.#switchTimer = setTimeout(() => this.#open(), this.#owner.sseAfterMs);
  }

  #answerAsJson(connection: StreamConnection, chars: number): void {
    clearTimeout(this.#switchTimer);
    this.#finished = true;
    this.#connection = undefined;
    const left = connection.answer(this.#batch ? `[${this.#held.join(',')}]` : (this.#held[0] ?? ''));
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
    const { log, protocolVersion } = this.#owner;
    const primed = log !== undefined && protocolVersion >= FIRST_VERSION_WITH_PRIMING;
    if (this.#connection !== undefined) {
      this.#connection.open(primed ? this.#eventId(cursor ?? log.nextSequence()) : undefined, RETRY_MS);
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

  /** To be called whenever it may have opened or closed. */
  #count(): void {
    const open = this.#opened && this.#connection !== undefined;
    if (open === this.#counted) return;
    this.#counted = open;
    this.#owner.totals.streams[this.kind] += open ? 1 : -1;
  }

  /** What was withheld has left, or never will: either way the thread may send again. */
  #released(): void {
    this.#blocked = false;
    const chars = this.#owedChars;
    this.#owner.totals.bufferedChars -= this.#withheldChars;
    this.#withheldChars = 0;
    this.#owedChars = 0;
    if (chars > 0) this.#owner.flushed(this, chars);
  }

  /** @param pauseMs what the client was told to wait before it comes back */
  #lost(pauseMs: number): void {
    clearTimeout(this.#switchTimer);
    this.#connection = undefined;
    // Without a connection there is no JSON body any more; what comes goes to the log.
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
