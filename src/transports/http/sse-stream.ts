/**
 * One HTTP response that carries the server's messages, as one JSON body or as an SSE stream (WHATWG HTML, section 9.2;
 * MCP 2025-11-25, Transports). Framing, keep-alive comments and back pressure of slow readers are here. Event ids,
 * replay and the meaning of a closed connection belong to the session.
 */
import type { ServerResponse } from 'node:http';
import type { StartFailure } from '../../delivery/start-failure.js';
import type { ConnectionOwner, StreamConnection } from '../../delivery/stream-connection.js';
import type { GatewayEmitter, StreamKind } from '../../telemetry/events.js';
import { answerFailedStart } from './failed-start.js';
import { type GiveUpReason, leavingBytesOf, type OutputBudget, type WaitingOutput } from './output-budget.js';
import { EXPIRED, StreamExpiry } from './stream-expiry.js';
import { clientAddressOf } from './trusted-proxies.js';

const KEEP_ALIVE = ': keep-alive\n\n';

export interface SseStreamOptions {
  readonly kind: StreamKind;
  readonly response: ServerResponse;
  /** `undefined`: the client has no session. */
  readonly sessionId: string | undefined;
  readonly keepAliveMs: number;
  readonly events: GatewayEmitter;
  readonly output: OutputBudget;
  /** Written first, before anything of the session: the `endpoint` event of the legacy transport. */
  readonly preamble?: string;
  /** The status of a JSON body that is an error with this code; without it, always 200. */
  readonly statusOf?: (failure: string) => number;
  /** When the stream is closed although its client is there, once nothing is in flight on it. */
  readonly expiry?: { readonly expiresAtMs: number; readonly isBusy: () => boolean };
}

export class SseStream implements StreamConnection, WaitingOutput {
  owner: ConnectionOwner | undefined;

  readonly #options: SseStreamOptions;
  #keepAlive: NodeJS.Timeout | undefined;
  #expiry: StreamExpiry | undefined;
  #open = false;
  #ended = false;
  #waiting = false;
  #stalled = false;

  constructor(options: SseStreamOptions) {
    this.#options = options;
    const { response } = options;
    response.on('close', () => this.#closed());
  }

  answer(body: string, failure?: string): boolean {
    const { response, sessionId, statusOf } = this.#options;
    this.#ended = true;
    if (response.destroyed) return true;
    response.writeHead(failure === undefined ? 200 : (statusOf?.(failure) ?? 200), {
      'content-type': 'application/json',
      ...(sessionId !== undefined && { 'mcp-session-id': sessionId }),
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
    return this.#hasLeft();
  }

  /** Without a session id, because there is no session. */
  fail(failure: StartFailure): void {
    const { events, response } = this.#options;
    this.#ended = true;
    answerFailedStart(events, response, failure);
  }

  nothing(): void {
    const { response, sessionId } = this.#options;
    this.#ended = true;
    const named = sessionId !== undefined && { 'mcp-session-id': sessionId };
    if (!response.destroyed) response.writeHead(204, { ...named }).end();
  }

  open(primingId?: string, retryMs?: number): void {
    const { kind, response, sessionId, keepAliveMs, events, preamble = '', expiry } = this.#options;
    if (this.#ended || this.#open) return;
    this.#open = true;
    response.on('drain', () => this.#drained());
    // A write to a connection that is being reset; the 'close' event follows.
    response.on('error', () => {});
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      // Without it, nginx buffers streams.
      'x-accel-buffering': 'no',
      ...(kind !== 'legacy' && sessionId !== undefined && { 'mcp-session-id': sessionId }),
    });
    // Node keeps the head as the two dozen strings from which it was built, unless it is sent by itself.
    response.flushHeaders();
    events.emit('stream-opened', { kind });
    const first = kind === 'legacy' ? preamble : priming(primingId, retryMs);
    if (first !== '') response.write(first);
    this.#keepAlive = setInterval(() => this.#comment(), keepAliveMs);
    if (expiry !== undefined)
      this.#expiry = new StreamExpiry(expiry.expiresAtMs, expiry.isBusy, () => this.#expire());
  }

  write(id: string | undefined, body: string): boolean {
    if (this.#ended) return true;
    const { response } = this.#options;
    const text =
      id === undefined ? `event: message\ndata: ${body}\n\n` : `event: message\nid: ${id}\ndata: ${body}\n\n`;
    const flows = response.write(text);
    if (!flows) this.#waits();
    // It may have been the answer that the end of the stream waits for, whose request is settled after this.
    if (this.#expiry !== undefined) setImmediate(() => this.#expiry?.settled());
    return flows;
  }

  end(): boolean {
    if (this.#ended) return true;
    this.#ended = true;
    this.#options.response.end();
    this.#stopTimers();
    return this.#hasLeft();
  }

  get waitingBytes(): number {
    return this.#options.response.writableLength;
  }

  get leavingBytes(): number | undefined {
    return leavingBytesOf(this.#options.response);
  }

  giveUp(reason: GiveUpReason): void {
    const { response, events } = this.#options;
    this.#stalled = reason === 'stalled';
    const remoteAddress = clientAddressOf(response.req);
    events.emit('connection-dropped', { listener: 'mcp', reason, remoteAddress });
    response.destroy();
  }

  /** What is still buffered is sent before the end. */
  #hasLeft(): boolean {
    const { response } = this.#options;
    if (response.writableLength === 0) return true;
    response.on('finish', () => this.#drained());
    this.#waits();
    return false;
  }

  #waits(): void {
    this.#waiting = true;
    this.#options.output.waits(this);
  }

  #comment(): void {
    const { response } = this.#options;
    // While bytes wait already, a comment keeps nothing alive and only adds to them. They may have been too few to be
    // noticed when they were written.
    if (response.writableLength > 0) this.#waits();
    else response.write(KEEP_ALIVE);
    this.#expiry?.settled();
  }

  /** To its owner this is as if the client had closed the connection: it may come back, with a new credential. */
  #expire(): void {
    if (this.#ended) return;
    this.#options.response.write(EXPIRED);
    this.owner?.onExpired?.(this);
    this.end();
    this.owner?.onClose(this);
  }

  #stopTimers(): void {
    clearInterval(this.#keepAlive);
    this.#expiry?.clear();
    this.#expiry = undefined;
  }

  #drained(): void {
    this.#leave();
    this.owner?.onDrain(this);
  }

  #leave(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#options.output.left(this);
  }

  #closed(): void {
    this.#stopTimers();
    this.#leave();
    if (this.#open)
      this.#options.events.emit('stream-closed', { kind: this.#options.kind, stalled: this.#stalled });
    if (this.#ended) return this.owner?.onDrain(this);
    this.#ended = true;
    this.owner?.onClose(this);
  }
}

function priming(id: string | undefined, retryMs: number | undefined): string {
  if (retryMs === undefined) return '';
  return id === undefined ? `retry: ${retryMs}\n\n` : `id: ${id}\nretry: ${retryMs}\ndata: \n\n`;
}
