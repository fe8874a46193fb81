/**
 * The `node:http` or `node:https` server behind each listener: deadlines for requests, when a client is asked for its body, and what
 * happens to bytes that are not a request, to a client that closes its half of a connection, and to connections when
 * the server stops.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ListenerTls } from '../../auth/listener-tls.js';
import { afterReading } from '../../shared/deadline.js';
import { AdmissionWindow } from '../../telemetry/admission-window.js';
import type { GatewayEmitter, RejectedRequest } from '../../telemetry/events.js';
import type { RejectionReason } from '../../telemetry/rejection-reason.js';
import type { Connections } from './connections.js';
import { LateRequests } from './late-requests.js';
import { listen } from './listen.js';
import { rejectedRequest } from './reply.js';
import {
  discardInput,
  endAndDiscard,
  hasBody,
  isClosing,
  isOverDiscarded,
  rejectionHeaders,
} from './staged-close.js';
import { TlsHandshakes } from './tls-handshakes.js';
import { clientAddressOf, type TrustedProxies } from './trusted-proxies.js';

const LATE = 'ERR_HTTP_REQUEST_TIMEOUT';
/** By the code of Node's error; any other code is answered with 400. */
const STATUS_OF_CLIENT_ERROR: Readonly<Record<string, number>> = {
  [LATE]: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/** Connections that cannot be accepted come in hundreds, so there is one log line in this time. */
const NOTICE_WINDOW_MS = 10_000;
/**
 * How often Node checks for requests that are past their deadline. With Node's default of 30 s, a deadline of 30 s
 * could become 60 s.
 */
const DEADLINE_CHECK_MS = 500;
/**
 * When probes are sent. A client that has only closed its half of the connection ignores them; one that is gone resets
 * the connection.
 */
const PROBES_AFTER_MS = [1, 20, 200, 2_000];
const EVENT_STREAM_PROBE = ':\n\n';

export interface HttpServerOptions {
  readonly connections: Connections;
  readonly events: GatewayEmitter;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The names of the options for host and port, for messages. */
  readonly option: { readonly host: string; readonly port: string };
  /**
   * Deadline for the headers of a request. After it, or after the deadline for the whole request, the answer is 408.
   */
  readonly headersDeadlineMs: number;
  readonly requestDeadlineMs: number;
  readonly keepAliveMs: number;
  /** TCP keep-alive; none if it is left out. */
  readonly tcpKeepAliveMs?: number;
  /** Without it, the server speaks plain HTTP. */
  readonly tls?: ListenerTls | undefined;
  /** Deadline for the TLS handshake, by default 10 s. */
  readonly handshakeDeadlineMs?: number;
  /** Those that may say for whom they pass on a request. */
  readonly proxies?: TrustedProxies | undefined;
  /**
   * An exception in it would end the process. It asks for the body with `writeContinue` if the client sent `Expect`.
   */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  readonly #late: LateRequests;
  readonly #failures = new AdmissionWindow(1, NOTICE_WINDOW_MS);
  #closed: Promise<void> | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { headersDeadlineMs, requestDeadlineMs, keepAliveMs, tcpKeepAliveMs, tls, connections } = options;
    const serverOptions: ServerOptions = {
      keepAliveTimeout: keepAliveMs,
      headersTimeout: headersDeadlineMs,
      requestTimeout: requestDeadlineMs,
      connectionsCheckingInterval: DEADLINE_CHECK_MS,
      ...(tcpKeepAliveMs !== undefined && { keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs }),
    };
    this.#late = new LateRequests(headersDeadlineMs, (socket) => connections.openResponse(socket));
    const server = tls === undefined ? createServer(serverOptions) : createSecureServer(serverOptions, tls);
    this.#server = server;
    // Lets a client close its half of the connection after its request. Node has this property, but its documentation
    // does not mention it.
    Object.assign(server, { httpAllowHalfOpen: true });
    const handle = (request: IncomingMessage, response: ServerResponse): void =>
      this.#request(request, response);
    server.on('request', handle);
    // Whoever reads the body sends 100 Continue, after Host, token and length have been checked.
    server.on('checkContinue', handle);
    server.on('checkExpectation', (request, response) => this.#unknownExpectation(request, response));
    server.on('timeout', closeUnlessHeard);
    const onEnd = this.#onEnd();
    const handshakes =
      tls === undefined ? undefined : new TlsHandshakes(connections, options.handshakeDeadlineMs);
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (handshakes?.isComplete(socket as Socket) === false)
        return handshakes.failed(error, socket as Socket);
      const reject = (): void => this.#malformed(error, socket as Socket);
      if (error.code === LATE) this.#late.judge(socket as Socket, reject);
      else reject();
    });
    server.on('connection', (socket) => {
      connections.accept(socket);
      if (handshakes === undefined) socket.on('end', onEnd);
      else handshakes.begin(socket);
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      handshakes?.complete(socket);
      tls?.clients?.connected(socket);
      socket.on('end', onEnd);
    });
  }

  get listening(): boolean {
    return this.#server.listening;
  }

  /** @throws {BulkheadError} `ERR_BULKHEAD_LISTEN` if the address is not available */
  async listen(): Promise<AddressInfo> {
    const { option, events } = this.#options;
    const address = await listen(this.#server, this.#options, option);
    // A connection that cannot be accepted, for example because no descriptor is left, is no reason to stop.
    this.#server.on('error', ({ message }) => {
      const suppressed = this.#failures.admit();
      if (suppressed === undefined) return;
      events.emit('notice', {
        level: 'error',
        message: `A connection to ${option.port} could not be accepted: ${message}`,
        fields: { failures: suppressed + 1 },
      });
    });
    return address;
  }

  /**
   * Accepts no new connections, closes idle ones, lets answers that are being written leave within the deadline, and
   * resolves when all connections are closed. May be called again with a shorter deadline.
   */
  close(deadlineMs: number): Promise<void> {
    const server = this.#server;
    const { connections } = this.#options;
    if (!server.listening && this.#closed === undefined) return Promise.resolve();
    this.#closed ??= new Promise((resolve) => server.close(() => resolve()));
    connections.closeIdle();
    const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
    return this.#closed.finally(() => clearTimeout(deadline));
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    // A request after one whose rejection closes the connection is not served (RFC 9112, section 9.6).
    if (isClosing(request.socket)) return;
    this.#late.arrived(request.socket);
    this.#options.proxies?.note(request);
    this.#options.connections.begin(request.socket, response);
    // A body that nobody reads would hold back everything after it, including the end of the connection.
    if (request.method !== 'POST' && hasBody(request)) request.resume();
    this.#options.handle(request, response);
  }

  /** RFC 9110, section 10.1.1. */
  #unknownExpectation(request: IncomingMessage, response: ServerResponse): void {
    if (isClosing(request.socket)) return;
    this.#options.proxies?.note(request);
    this.#options.connections.begin(request.socket, response);
    this.#rejected(clientAddressOf(request), 'expectation_failed', 417, rejectedRequest(request));
    response.writeHead(417, { ...rejectionHeaders(request), 'content-length': 0 }).end();
  }

  /** Bytes that never became a request: Node's parser refused them, or the request did not arrive in time. */
  #malformed(error: NodeJS.ErrnoException, socket: Socket): void {
    // A client that is gone receives no answer, and a reset is not a malformed request.
    if (error.syscall !== undefined || (!socket.writable && !isClosing(socket))) {
      socket.destroy();
      return;
    }
    const { connections } = this.#options;
    // Node reports the same error again for everything that follows.
    if (isClosing(socket)) {
      if (isOverDiscarded(socket)) socket.destroy();
      return;
    }
    const status = STATUS_OF_CLIENT_ERROR[error.code ?? ''] ?? 400;
    this.#rejected(socket.remoteAddress, status === 408 ? 'request_timeout' : 'malformed_http', status);
    if (connections.isAnswering(socket)) {
      // The answers to earlier requests are completed (RFC 9112, section 9.3.2). They are the last ones on this
      // connection.
      connections.openResponse(socket)?.once('close', () => endAndDiscard(socket));
      discardInput(socket);
      return;
    }
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
    endAndDiscard(socket);
  }

  #rejected(
    remoteAddress: string | undefined,
    reason: RejectionReason,
    status: number,
    request?: RejectedRequest,
  ): void {
    this.#options.events.emit('rejected', {
      reason,
      status,
      sessionId: undefined,
      remoteAddress,
      ...(request !== undefined && { request }),
    });
  }

  /**
   * FIN says that a client will ask for nothing more. It may wait for its answer, or be gone. Sending bytes shows
   * which: they are acknowledged, or answered with a reset, which is seen when the next bytes are sent.
   */
  #onEnd(): (this: Socket) => void {
    const { connections } = this.#options;
    return function () {
      // A client that sent garbage after its request, and then FIN, is not one that only waits.
      if (isClosing(this) && connections.openResponse(this)?.writableEnded === false) this.destroy();
      let probes = 0;
      let timer: NodeJS.Timeout | undefined;
      const probe = (): void => {
        const response = connections.leadingResponse(this);
        if (response === undefined || !response.req.complete || !this.writable || isClosing(this)) return;
        sendProbe(response, this);
        const after = PROBES_AFTER_MS[probes];
        probes += 1;
        if (after !== undefined) timer = setTimeout(probe, after);
      };
      this.once('close', () => clearTimeout(timer));
      probe();
    };
  }
}

/** HTTP/1.1 over TLS. A new certificate counts for connections that come after it. */
function createSecureServer(options: ServerOptions, { credentials, clients }: ListenerTls): Server {
  const server = createTlsServer({
    ...options,
    ...credentials.files.context,
    ALPNProtocols: ['http/1.1'],
    // Nobody is refused here: `ClientCertificates` says why.
    requestCert: clients !== undefined,
    rejectUnauthorized: false,
  });
  credentials.follow(({ context, authorities }) => {
    server.setSecureContext(context);
    clients?.trustOnly(authorities);
  });
  return server;
}

/**
 * Closes the socket unless more has arrived. A request that arrived in time may not have been read yet: timers run
 * first, and after a stall (such as SIGSTOP) all of them are late.
 */
function closeUnlessHeard(socket: Socket): void {
  const { bytesRead } = socket;
  afterReading(() => {
    if (socket.bytesRead === bytesRead) socket.destroy();
  });
}

function sendProbe(response: ServerResponse, socket: Socket): void {
  // Only an event stream has headers and no end. A comment is allowed anywhere between its events.
  if (response.headersSent) {
    if (!response.writableEnded && !response.writableNeedDrain) response.write(EVENT_STREAM_PROBE);
    return;
  }
  // HTTP/1.0 has no interim answers (RFC 9110, section 15.2).
  if (response.req.httpVersionMinor === 0) socket.destroy();
  else response.writeProcessing();
}
