/**
 * The way to the clients of a compartment in the stateless era. Each request has a stream of its own, which carries its
 * progress and its response, and cannot be resumed: a client that closes it has cancelled the request (2026-07-28,
 * Streamable HTTP, "Cancellation"). There is no event log, and no stream for what belongs to no request.
 */
import type { RequestId } from '../shared/request-id.js';
import type { StreamKind } from '../telemetry/events.js';
import type { RejectionReason } from '../telemetry/rejection-reason.js';
import { MessageStream, type StreamOwner } from './message-stream.js';
import type { Outbox, OutboxOwner, ResponseStream, StreamLoss } from './outbox.js';
import type { SharedByStreams } from './session-streams.js';
import type { StreamConnection } from './stream-connection.js';
import type { StreamTotals } from './stream-totals.js';

/**
 * How long a request whose worker is being started keeps the chance of a status: some errors of a server have one of their
 * own, such as 404 for an unknown method (2026-07-28, Streamable HTTP). Later, a sign of life counts more.
 */
const PATIENCE_MS = 5_000;

export class StatelessOutbox implements Outbox, StreamOwner {
  readonly log = undefined;
  readonly retryMs = undefined;
  readonly standalone: ResponseStream;
  readonly listened = false;
  readonly #owner: OutboxOwner;
  readonly #shared: SharedByStreams;
  /** Streams of requests that have not been answered, and those whose last bytes wait for a slow reader. */
  readonly #streams = new Set<MessageStream>();

  constructor(owner: OutboxOwner, shared: SharedByStreams) {
    this.#owner = owner;
    this.#shared = shared;
    this.standalone = new Nowhere(owner);
  }

  get connections(): number {
    let connections = 0;
    for (const stream of this.#streams) if (stream.connected) connections += 1;
    return connections;
  }

  get bufferedChars(): number {
    let chars = 0;
    for (const stream of this.#streams) chars += stream.bufferedChars;
    return chars;
  }

  counts(): Record<StreamKind, number> {
    let post = 0;
    for (const stream of this.#streams) if (stream.connected && stream.streaming) post += 1;
    return { post, get: 0, legacy: 0, listen: 0 };
  }

  respond(
    requestIds: readonly RequestId[],
    batch: boolean,
    starting: boolean,
    connection: StreamConnection | undefined,
  ): MessageStream {
    const mayStream = !starting;
    const purpose = { kind: 'post', key: '', requestIds, mayStream, patienceMs: PATIENCE_MS, batch } as const;
    const stream = new MessageStream(this, purpose, connection);
    this.#streams.add(stream);
    return stream;
  }

  voidCredit(): void {
    for (const stream of this.#streams) stream.voidCredit();
  }

  end(): void {
    for (const stream of [...this.#streams]) stream.end();
    this.#streams.clear();
  }

  /** A JSON-RPC error is a complete answer: over HTTP it has status 200. */
  rejected(reason: RejectionReason): void {
    const { sessionId, remoteAddress } = this.#owner.context;
    this.#shared.events.emit('rejected', { reason, status: 200, sessionId, remoteAddress });
  }

  get totals(): StreamTotals {
    return this.#shared.totals;
  }

  get sseAfterMs(): number {
    return this.#shared.sseAfterMs;
  }

  get protocolVersion(): string {
    return this.#owner.context.protocolVersion;
  }

  flushed(stream: MessageStream, chars: number): void {
    if (stream.finished && stream.bufferedChars === 0) this.#streams.delete(stream);
    this.#owner.onFlushed(chars);
  }

  opened(stream: MessageStream): void {
    this.#owner.onStreaming(stream);
  }

  lost(stream: MessageStream, loss: StreamLoss): void {
    this.#streams.delete(stream);
    this.#owner.onLost(stream, loss);
  }

  finished(stream: MessageStream): void {
    if (stream.bufferedChars === 0) this.#streams.delete(stream);
  }

  /** The rest is about streams that can be resumed, and about sessions. */
  asked(): boolean {
    return false;
  }

  listen(): void {}

  resume(): undefined {}

  prune(): void {}
}

/** Nobody reads what belongs to no request. */
class Nowhere implements ResponseStream {
  readonly requestIds = [];
  readonly streaming = false;
  readonly #owner: OutboxOwner;

  constructor(owner: OutboxOwner) {
    this.#owner = owner;
  }

  send(_body: string, _answers: unknown, chars: number): void {
    if (chars > 0) this.#owner.onFlushed(chars);
  }

  fail(): void {}

  mayStream(): void {}

  closeOnPurpose(): void {}

  end(): void {}
}
