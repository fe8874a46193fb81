/** All streams of one session, and how a client resumes one. */

import { errorResponse, JSON_RPC } from '../protocol/json-rpc-error.js';
import { LazyMap, LazySet } from '../shared/lazy-collections.js';
import type { RequestId } from '../shared/request-id.js';
import { ShortMap } from '../shared/short-map.js';
import type { GatewayEmitter, SessionStreamKind } from '../telemetry/events.js';
import type { RejectionReason } from '../telemetry/rejection-reason.js';
import { END_OF_STREAM, type EventCursor, eventIdSuffix } from './event-id.js';
import { EventLog } from './event-log.js';
import type { EventLogBudget } from './event-log-budget.js';
import { answersGatewayPing, gatewayPing } from './gateway-ping.js';
import { MessageStream, RETRY_MS, type StreamGap, type StreamOwner } from './message-stream.js';
import type { Outbox, OutboxOwner, StreamLoss } from './outbox.js';
import type { StreamConnection } from './stream-connection.js';
import type { StreamTotals } from './stream-totals.js';

/** The share of one session. A 4 MiB answer fits, and the events around it. */
const EVENT_LOG_LIMITS = { events: 1_000, bytes: 16 * 1024 * 1024 };
const STANDALONE = 'get';

/** One object for the streams of all sessions. */
export interface SharedByStreams {
  readonly events: GatewayEmitter;
  readonly eventLogBudget: EventLogBudget;
  readonly totals: StreamTotals;
  readonly sseAfterMs: number;
}

export class SessionStreams implements Outbox, StreamOwner {
  /** The stream for what belongs to no request: the GET stream, or the legacy transport's only stream. */
  readonly standalone: MessageStream;
  readonly log: EventLog | undefined;
  readonly #owner: OutboxOwner;
  readonly #shared: SharedByStreams;
  readonly #log: EventLog;
  /** Unfinished POST streams that are SSE, by key. */
  readonly #posts = new LazyMap<string, MessageStream>();
  /** POSTs that have not been answered and are not SSE. */
  readonly #undecided = new ShortMap<string, MessageStream>();
  /** Finished streams whose last bytes wait for a slow reader. */
  readonly #leaving = new LazySet<MessageStream>();
  #lastPost = 0;
  #listened = false;

  constructor(owner: OutboxOwner, shared: SharedByStreams) {
    this.#owner = owner;
    this.#shared = shared;
    this.#log = new EventLog(EVENT_LOG_LIMITS, shared.eventLogBudget, this);
    const legacy = owner.context.transport === 'sse';
    this.log = legacy ? undefined : this.#log;
    this.standalone = new MessageStream(this, {
      kind: legacy ? 'legacy' : 'get',
      key: STANDALONE,
      requestIds: [],
      mayStream: false,
      batch: false,
    });
  }

  /** Whether the standalone stream has ever been open. */
  get listened(): boolean {
    return this.#listened;
  }

  /** Streams that have a connection now, including POSTs that may still be answered as JSON. */
  get connections(): number {
    let connections = this.standalone.connected ? 1 : 0;
    for (const stream of this.#posts.values()) if (stream.connected) connections += 1;
    return connections + this.#undecided.size;
  }

  get bufferedChars(): number {
    let chars = this.standalone.bufferedChars;
    for (const stream of this.#posts.values()) chars += stream.bufferedChars;
    for (const stream of this.#leaving) chars += stream.bufferedChars;
    return chars;
  }

  counts(): Record<SessionStreamKind, number> {
    const counts: Record<SessionStreamKind, number> = { post: 0, get: 0, legacy: 0 };
    if (this.standalone.connected) counts[this.standalone.kind] += 1;
    for (const stream of this.#posts.values()) if (stream.connected) counts.post += 1;
    return counts;
  }

  /** The stream of a POST, or the standalone stream if the answers do not come on the POST. */
  respond(
    requestIds: readonly RequestId[],
    batch: boolean,
    starting: boolean,
    connection: StreamConnection | undefined,
  ): MessageStream {
    if (connection === undefined) return this.standalone;
    this.#lastPost += 1;
    const key = `p${this.#lastPost}`;
    const purpose = { kind: 'post', key, requestIds, mayStream: !starting, batch } as const;
    const stream = new MessageStream(this, purpose, connection);
    this.#undecided.set(key, stream);
    return stream;
  }

  /** Opens the GET stream, or the legacy transport's one stream. */
  listen(connection: StreamConnection): void {
    const again = this.#listened;
    this.#listened = true;
    const missed = this.#log.undelivered(STANDALONE);
    const gap = this.#gapBehind(this.#log.takeUnheard(STANDALONE));
    const first = gap?.lastLost ?? missed[0]?.sequence;
    this.standalone.attach(connection, missed, first === undefined ? undefined : first - 1, gap);
    if (again) this.#ping();
  }

  resume(cursor: EventCursor, connection: StreamConnection): MessageStream | undefined {
    const { stream: key, sequence } = cursor;
    const replay = this.#log.replay(key, sequence);
    const events = replay?.events ?? [];
    const resumed = (kind: SessionStreamKind, lost: boolean): boolean =>
      this.#shared.events.emit('stream-resumed', { kind, replayed: events.length, lost });
    if (key === STANDALONE) {
      this.#listened = true;
      resumed('get', replay?.lost ?? false);
      this.#log.takeUnheard(STANDALONE);
      const gap = replay?.lost ? this.#gapBehind(replay.lastLost) : undefined;
      this.standalone.attach(connection, events, sequence, gap);
      this.#ping();
      return undefined;
    }
    const stream = this.#posts.get(key);
    if (stream !== undefined) {
      resumed('post', replay?.lost ?? false);
      stream.attach(connection, events, sequence);
      return stream;
    }
    if (replay?.finished && events.length === 0 && !replay.lost) {
      resumed('post', false);
      connection.nothing();
      return undefined;
    }
    // The last event of a finished stream is its answer. If the log still has it, the client gets what it needs.
    if (replay?.finished && events.length > 0) {
      resumed('post', replay.lost);
      connection.open(undefined, RETRY_MS);
      const suffix = eventIdSuffix(key, cursor.requestIds);
      for (const event of events) connection.write(`${event.sequence}${suffix}`, event.body);
      connection.end();
    } else {
      resumed('post', true);
      answerLost(cursor, connection, 'its answer is no longer in the event log');
    }
    return undefined;
  }

  /** The thread that sent what is still here is gone: its successor must not receive credit for it. */
  voidCredit(): void {
    this.standalone.voidCredit();
    for (const stream of [...this.#posts.values(), ...this.#leaving]) stream.voidCredit();
  }

  /** Drops what clients have had enough time to come back for. */
  prune(nowMs: number): void {
    this.#log.prune(nowMs);
  }

  end(): void {
    this.standalone.end();
    for (const stream of [...this.#posts.values(), ...this.#undecided.values()]) stream.end();
    this.#posts.clear();
    this.#undecided.clear();
    this.#log.clear();
  }

  /** A JSON-RPC error is a complete answer: over HTTP it has status 200. */
  rejected(reason: RejectionReason): void {
    const { sessionId, remoteAddress } = this.#owner.context;
    this.#shared.events.emit('rejected', { reason, status: 200, sessionId, remoteAddress });
  }

  asked(id: RequestId | undefined): boolean {
    return answersGatewayPing(id);
  }

  get totals(): StreamTotals {
    return this.#shared.totals;
  }

  get sseAfterMs(): number {
    return this.#shared.sseAfterMs;
  }

  get retryMs(): number {
    return RETRY_MS;
  }

  get protocolVersion(): string {
    return this.#owner.context.protocolVersion;
  }

  onDropped(events: number): void {
    this.#shared.events.emit('events-dropped', { context: this.#owner.context, events });
  }

  flushed(stream: MessageStream, chars: number): void {
    if (this.#leaving.size > 0 && stream.bufferedChars === 0) this.#leaving.delete(stream);
    this.#owner.onFlushed(chars);
  }

  opened(stream: MessageStream): void {
    if (stream.kind === 'post') {
      this.#undecided.delete(stream.key);
      this.#posts.set(stream.key, stream);
    }
    this.#owner.onStreaming(stream);
  }

  lost(stream: MessageStream, loss: StreamLoss): void {
    if (stream.kind === 'post') {
      this.#undecided.delete(stream.key);
      this.#posts.set(stream.key, stream);
    }
    this.#owner.onLost(stream, loss);
  }

  finished(stream: MessageStream): void {
    if (stream.kind !== 'post') return;
    if (stream.bufferedChars > 0) this.#leaving.add(stream);
    this.#undecided.delete(stream.key);
    this.#posts.delete(stream.key);
  }

  #ping(): void {
    this.standalone.tell(gatewayPing(this.#log.nextSequence()));
  }

  #gapBehind(lastLost: number): StreamGap | undefined {
    if (lastLost === 0) return undefined;
    const notices = this.#owner.gapNotices();
    return notices.length === 0 ? undefined : { lastLost, notices };
  }
}

/**
 * Answers a client that resumes a stream which is lost: with an error response for each request whose answer the stream
 * was to carry. With only a status, the client would wait for these answers until its own time limit. A client that
 * resumes once more, as clients of SDK 1.23 to 1.32 do after every stream that ends, is told that nothing follows.
 */
export function answerLost(cursor: EventCursor, connection: StreamConnection, why: string): void {
  if (cursor.sequence >= END_OF_STREAM || cursor.requestIds.length === 0) return connection.nothing();
  connection.open(undefined, RETRY_MS);
  const eventId = `${END_OF_STREAM}${eventIdSuffix(cursor.stream, cursor.requestIds)}`;
  for (const id of cursor.requestIds) {
    const message = `The request's stream cannot be resumed: ${why}. Call again if that is safe.`;
    const body = errorResponse(id, JSON_RPC.serverError, message, { reason: 'stream_lost' });
    connection.write(eventId, body);
  }
  connection.end();
}
