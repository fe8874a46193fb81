/** The MCP listener: one `node:http` server and its route table. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { GatewayEmitter } from '../events.js';
import { createGuard, type Guard, type GuardOptions } from './guards.js';
import { LegacySse, MESSAGES_PATH } from './legacy-sse.js';
import { listen } from './listen.js';
import { reject } from './reply.js';
import { StreamableHttp, type TransportParts } from './streamable-http.js';

export const MCP_PATH = '/mcp';
const SSE_PATH = '/sse';

/** By the code of Node's error; 400 for any other. */
const STATUS_OF_CLIENT_ERROR: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/** A client must have sent a whole request by then; Node answers 408 otherwise. */
const REQUEST_DEADLINE_MS = 60_000;
const HEADERS_DEADLINE_MS = 15_000;
/** Longer than the idle time after which proxies and clients let go of a connection themselves. */
const KEEP_ALIVE_MS = 75_000;
/** Finds out about peers that are gone without a word, a laptop that was closed, say. */
const TCP_KEEP_ALIVE_MS = 30_000;
/** What answers are still on their way when the gateway stops may take so long to leave. */
const CLOSE_DEADLINE_MS = 2_000;

export interface ListenerOptions extends TransportParts, GuardOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #guard: Guard;
  readonly #events: GatewayEmitter;
  readonly #streamableHttp: StreamableHttp;
  readonly #legacySse: LegacySse;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#events = options.events;
    this.#guard = createGuard(options);
    this.#streamableHttp = new StreamableHttp(options);
    this.#legacySse = new LegacySse(options);
    this.#server = createServer(
      {
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: HEADERS_DEADLINE_MS,
        requestTimeout: REQUEST_DEADLINE_MS,
        keepAlive: true,
        keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
      },
      (request, response) => this.#route(request, response),
    );
    this.#server.on('clientError', (error, socket) => this.#malformed(error, socket));
  }

  /** @throws {BulkheadError} `ERR_BULKHEAD_LISTEN` when the address can't be had. */
  listen(): Promise<AddressInfo> {
    return listen(this.#server, this.#options, { host: 'host', port: 'port' });
  }

  /** Takes no new connection, lets answers that are being written leave, and resolves when all are closed. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const deadline = setTimeout(() => this.#server.closeAllConnections(), CLOSE_DEADLINE_MS);
      this.#server.close(() => {
        clearTimeout(deadline);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  /** Closes everything at once. */
  kill(): Promise<void> {
    const closed = this.close();
    this.#server.closeAllConnections();
    return closed;
  }

  /** What never became a request: Node's parser refused it, or it did not come in time. */
  #malformed({ code }: NodeJS.ErrnoException, socket: Duplex): void {
    const status = STATUS_OF_CLIENT_ERROR[code ?? ''] ?? 400;
    // A client that is gone hears no answer, and a reset is no malformed request.
    if (!socket.writable || code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    this.#events.emit('rejected', {
      reason: status === 408 ? 'request_timeout' : 'malformed_http',
      status,
      sessionId: undefined,
      remoteAddress: (socket as Socket).remoteAddress,
    });
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    const verdict = this.#guard(request.headers);
    if (!verdict.ok) return reject(this.#events, request, response, verdict);
    const { url = '' } = request;
    const queryStart = url.indexOf('?');
    const path = queryStart === -1 ? url : url.slice(0, queryStart);
    switch (path) {
      case MCP_PATH:
        return this.#streamableHttp.handle(request, response, verdict.principal);
      case SSE_PATH:
        return this.#legacySse.open(request, response, verdict.principal);
      case MESSAGES_PATH: {
        const query = new URLSearchParams(queryStart === -1 ? '' : url.slice(queryStart));
        return this.#legacySse.message(request, response, verdict.principal, query);
      }
      default:
        return reject(this.#events, request, response, {
          status: 404,
          reason: 'not_found',
          message: `Not found: this server has ${MCP_PATH} (Streamable HTTP) and ${SSE_PATH} (legacy HTTP+SSE)`,
        });
    }
  }
}
