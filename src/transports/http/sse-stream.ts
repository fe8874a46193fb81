/**
 * One HTTP response that carries the server's messages: as one JSON body, or as an SSE stream (WHATWG HTML, section
 * 9.2; MCP 2025-11-25, Transports). Framing, keep-alive comments and the slow reader's back pressure are here; ids,
 * replay and what a closed connection means are the session's.
 */
import type { ServerResponse } from 'node:http';
import type { StreamConnection } from '../../delivery/message-stream.js';
import type { GatewayEmitter, StreamKind } from '../../telemetry/events.js';
import { type GiveUpReason, leavingBytesOf, type OutputBudget, type WaitingOutput } from './output-budget.js';

const KEEP_ALIVE = ': keep-alive\n\n';

export interface SseStreamParts {
  readonly kind: StreamKind;
  readonly response: ServerResponse;
  readonly sessionId: string;
  readonly keepAliveMs: number;
  readonly events: GatewayEmitter;
  readonly output: OutputBudget;
  /** Written first, before anything of the session: the legacy transport's `endpoint` event. */
  readonly preamble?: string;
}

export class SseStream implements StreamConnection, WaitingOutput {
  onDrain: () => void = () => {};
  onClose: () => void = () => {};

  readonly #parts: SseStreamParts;
  #keepAlive: NodeJS.Timeout | undefined;
  #open = false;
  #ended = false;
  #waiting = false;
  #stalled = false;

  constructor(parts: SseStreamParts) {
    this.#parts = parts;
    const { response } = parts;
    response.on('close', () => this.#closed());
  }

  answer(body: string): boolean {
    const { response, sessionId } = this.#parts;
    this.#ended = true;
    if (response.destroyed) return true;
    response.writeHead(200, {
      'content-type': 'application/json',
      'mcp-session-id': sessionId,
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
    return this.#hasLeft();
  }

  nothing(): void {
    const { response, sessionId } = this.#parts;
    this.#ended = true;
    if (!response.destroyed) response.writeHead(204, { 'mcp-session-id': sessionId }).end();
  }

  open(primingId: string | undefined, retryMs: number): void {
    const { kind, response, sessionId, keepAliveMs, events, preamble = '' } = this.#parts;
    if (this.#ended || this.#open) return;
    this.#open = true;
    response.on('drain', () => this.#drained());
    // A write to a connection that is being reset; 'close' follows and says all there is to say.
    response.on('error', () => {});
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      // nginx holds streams back without it.
      'x-accel-buffering': 'no',
      ...(kind !== 'legacy' && { 'mcp-session-id': sessionId }),
    });
    // Node keeps the head as the two dozen parts that it put it together of, but for one that is sent by itself.
    response.flushHeaders();
    events.emit('stream-opened', { kind });
    const priming =
      primingId === undefined ? `retry: ${retryMs}\n\n` : `id: ${primingId}\nretry: ${retryMs}\ndata: \n\n`;
    response.write(kind === 'legacy' ? preamble : priming);
    this.#keepAlive = setInterval(() => this.#comment(), keepAliveMs);
  }

  write(id: string | undefined, body: string): boolean {
    if (this.#ended) return true;
    const { response } = this.#parts;
    const text =
      id === undefined ? `event: message\ndata: ${body}\n\n` : `event: message\nid: ${id}\ndata: ${body}\n\n`;
    if (response.write(text)) return true;
    this.#waits();
    return false;
  }

  end(): boolean {
    if (this.#ended) return true;
    this.#ended = true;
    this.#parts.response.end();
    clearInterval(this.#keepAlive);
    return this.#hasLeft();
  }

  get waitingBytes(): number {
    return this.#parts.response.writableLength;
  }

  get leavingBytes(): number | undefined {
    return leavingBytesOf(this.#parts.response);
  }

  giveUp(reason: GiveUpReason): void {
    const { response, events } = this.#parts;
    this.#stalled = reason === 'stalled';
    const { remoteAddress } = response.req.socket;
    events.emit('connection-dropped', { listener: 'mcp', reason, remoteAddress });
    response.destroy();
  }

  /** What is still buffered goes out behind an end. */
  #hasLeft(): boolean {
    const { response } = this.#parts;
    if (response.writableLength === 0) return true;
    response.on('finish', () => this.#drained());
    this.#waits();
    return false;
  }

  #waits(): void {
    this.#waiting = true;
    this.#parts.output.waits(this);
  }

  #comment(): void {
    const { response } = this.#parts;
    // Behind bytes that wait already, a comment keeps nothing alive and only adds to them. They may be too few to have
    // been noticed when they were written.
    if (response.writableLength > 0) this.#waits();
    else response.write(KEEP_ALIVE);
  }

  #drained(): void {
    this.#leave();
    this.onDrain();
  }

  #leave(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#parts.output.left(this);
  }

  #closed(): void {
    clearInterval(this.#keepAlive);
    this.#leave();
    if (this.#open)
      this.#parts.events.emit('stream-closed', { kind: this.#parts.kind, stalled: this.#stalled });
    if (this.#ended) return this.onDrain();
    this.#ended = true;
    this.onClose();
  }
}
