/** The way to a client that reads lines: one stream for everything. It cannot be resumed, and ends with the session. */
import type { Outbox, OutboxOwner, ResponseStream } from '../../delivery/outbox.js';
import type { StartFailure } from '../../delivery/start-failure.js';
import type { StreamTotals } from '../../delivery/stream-totals.js';
import type { GatewayEmitter, SessionStreamKind } from '../../telemetry/events.js';
import type { RejectionReason } from '../../telemetry/rejection-reason.js';
import type { LineWriter } from './line-writer.js';

export interface StdioOutboxParts {
  readonly writer: LineWriter;
  readonly totals: StreamTotals;
  readonly events: GatewayEmitter;
  /** The session has ended. */
  onEnd(): void;
}

export class StdioOutbox implements Outbox, ResponseStream {
  readonly requestIds = [];
  readonly streaming = true;
  readonly listened = true;
  readonly #owner: OutboxOwner;
  readonly #parts: StdioOutboxParts;
  #ended = false;
  #withheldChars = 0;
  /** The part of them for which the current thread waits. */
  #owedChars = 0;

  constructor(owner: OutboxOwner, parts: StdioOutboxParts) {
    this.#owner = owner;
    this.#parts = parts;
  }

  get standalone(): ResponseStream {
    return this;
  }

  get connections(): number {
    return this.#ended ? 0 : 1;
  }

  get bufferedChars(): number {
    return this.#withheldChars;
  }

  /** A pipe is no HTTP stream. */
  counts(): Record<SessionStreamKind, number> {
    return { post: 0, get: 0, legacy: 0 };
  }

  respond(): ResponseStream {
    return this;
  }

  send(body: string, _answers: unknown, chars: number): void {
    const { writer, totals } = this.#parts;
    const flows = this.#ended || writer.write(body);
    if (flows && this.#withheldChars === 0) return this.#owner.onFlushed(chars);
    this.#withheldChars += chars;
    this.#owedChars += chars;
    totals.bufferedChars += chars;
  }

  fail(failure: StartFailure): void {
    this.send(failure.body, undefined, 0);
  }

  /** The client has read what waited, or never will. */
  drained(): void {
    const owed = this.#owedChars;
    this.#parts.totals.bufferedChars -= this.#withheldChars;
    this.#withheldChars = 0;
    this.#owedChars = 0;
    if (owed > 0) this.#owner.onFlushed(owed);
  }

  voidCredit(): void {
    this.#owedChars = 0;
  }

  rejected(reason: RejectionReason): void {
    const { sessionId, remoteAddress } = this.#owner.context;
    this.#parts.events.emit('rejected', { reason, status: 200, sessionId, remoteAddress });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.drained();
    this.#parts.onEnd();
  }

  /** The rest is about connections that come and go, and about streams for single requests. */
  asked(): boolean {
    return false;
  }

  listen(): void {}

  resume(): undefined {}

  mayStream(): void {}

  closeOnPurpose(): void {}

  prune(): void {}
}
