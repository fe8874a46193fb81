/**
 * Requests that a server of the embedding program has received and hands over. The server and its connections are the
 * program's: this closes none of them that has nothing to do with the gateway. What the gateway's own listener does for a
 * connection is done here for each of these requests, as far as it is not the server's to do.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayEmitter } from '../../telemetry/events.js';
import type { Connections } from './connections.js';
import type { McpHandler } from './mcp-handler.js';
import { type HttpRejection, reject } from './reply.js';
import { hasBody, isClosing } from './staged-close.js';
import type { TrustedProxies } from './trusted-proxies.js';

export interface EmbeddedRequestsOptions {
  readonly handler: McpHandler;
  readonly events: GatewayEmitter;
  readonly connections: Connections;
  /** Those that may say for whom they pass on a request. */
  readonly proxies: TrustedProxies | undefined;
}

const NOT_HTTP_1: HttpRejection = {
  status: 505,
  reason: 'malformed_http',
  message:
    'HTTP Version Not Supported: this endpoint takes HTTP/1.1. In front of it, a proxy or allowHTTP1 serves others.',
};
const CLOSED: HttpRejection = {
  status: 503,
  reason: 'draining',
  message: 'The gateway is closed. Connect again in a moment.',
};
const NO_ROOM: HttpRejection = {
  status: 503,
  reason: 'connection_limit',
  message:
    'This server, or your address, has as many connections with open requests as it may have. Try again later.',
};

export class EmbeddedRequests {
  readonly #options: EmbeddedRequestsOptions;
  readonly #open = new Set<ServerResponse>();
  /** One function for all of them: otherwise a closure would be created for each request. */
  readonly #onClosed: (this: ServerResponse) => void;
  #closed = false;
  #allClosed: (() => void) | undefined;

  constructor(options: EmbeddedRequestsOptions) {
    this.#options = options;
    const requests = this;
    this.#onClosed = function () {
      requests.#open.delete(this);
      if (requests.#open.size === 0) requests.#allClosed?.();
    };
  }

  /** Answers a request. It throws nothing, and leaves alone what has been answered already. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const { handler, connections, events, proxies } = this.#options;
    const { socket } = request;
    if (response.headersSent || response.destroyed) return;
    proxies?.note(request);
    if (request.httpVersionMajor !== 1) return reject(events, request, response, NOT_HTTP_1);
    // A request after one whose rejection closes the connection is not served (RFC 9112, section 9.6).
    if (isClosing(socket)) return;
    if (this.#closed) return reject(events, request, response, CLOSED);
    if (!connections.borrow(socket, response)) return reject(events, request, response, NO_ROOM);
    this.#open.add(response);
    response.on('close', this.#onClosed);
    // A body that nobody reads would hold back everything after it, including the end of the connection.
    if (request.method !== 'POST' && hasBody(request)) request.resume();
    handler.handle(request, response, true);
  }

  /**
   * Takes no more requests, lets answers that are being written leave within the deadline, and resolves when none is left.
   * May be called again with a shorter deadline.
   */
  async close(deadlineMs: number): Promise<void> {
    this.#closed = true;
    if (this.#open.size === 0) return;
    const deadline = setTimeout(() => {
      for (const response of this.#open) response.destroy();
    }, deadlineMs);
    await new Promise<void>((resolve) => {
      const before = this.#allClosed;
      this.#allClosed = () => {
        before?.();
        resolve();
      };
    });
    clearTimeout(deadline);
  }
}
