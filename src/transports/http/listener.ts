/** The MCP listener: a server of the gateway's own, which hands all requests to the handler. */
import type { AddressInfo } from 'node:net';
import type { ListenerTls } from '../../auth/listener-tls.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import type { Connections } from './connections.js';
import { HttpServer } from './http-server.js';
import type { McpHandler } from './mcp-handler.js';
import type { TrustedProxies } from './trusted-proxies.js';

/** A client must have sent a whole request by then. Otherwise Node answers 408. */
const REQUEST_DEADLINE_MS = 60_000;
const HEADERS_DEADLINE_MS = 15_000;
/** Longer than the idle time after which proxies and clients close a connection themselves. */
const KEEP_ALIVE_MS = 75_000;
/** Detects peers that vanished, such as a laptop that was closed. */
const TCP_KEEP_ALIVE_MS = 30_000;

export interface ListenerOptions {
  readonly handler: McpHandler;
  readonly events: GatewayEmitter;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly connections: Connections;
  readonly tls: ListenerTls | undefined;
  readonly proxies: TrustedProxies | undefined;
}

export class Listener {
  readonly #server: HttpServer;

  constructor({ handler, ...options }: ListenerOptions) {
    this.#server = new HttpServer({
      ...options,
      option: { host: 'host', port: 'port' },
      headersDeadlineMs: HEADERS_DEADLINE_MS,
      requestDeadlineMs: REQUEST_DEADLINE_MS,
      keepAliveMs: KEEP_ALIVE_MS,
      tcpKeepAliveMs: TCP_KEEP_ALIVE_MS,
      handle: (request, response) => handler.handle(request, response, false),
    });
  }

  /** @throws {BulkheadError} `ERR_BULKHEAD_LISTEN` if the address is not available */
  listen(): Promise<AddressInfo> {
    return this.#server.listen();
  }

  /**
   * Accepts no new connections, lets answers that are being written leave within the deadline, and resolves when all
   * connections are closed. May be called again with a shorter deadline.
   */
  close(deadlineMs: number): Promise<void> {
    return this.#server.close(deadlineMs);
  }
}
