/**
 * The accepted connections of one listener: how many there may be, from one address and in total, which of them wait
 * for a request, and which response is being written on each. If there is no room, the connection that has been idle
 * longest is closed for the new one: a client that keeps a connection for later can open another one, but a health
 * check needs one now.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isLoopback } from '../../config/option-kinds.js';
import { type Linked, LinkedList } from '../../shared/linked-list.js';
import type { ConnectionDropReason } from '../../telemetry/connection-drop-reason.js';
import type { GatewayEmitter, ListenerName } from '../../telemetry/events.js';
import { isClosing } from './staged-close.js';
import { socketBelow } from './tls-socket.js';

export interface ConnectionsOptions {
  readonly listener: ListenerName;
  readonly events: GatewayEmitter;
  readonly maxConnections: number;
  /** Limit for one remote address. Loopback is exempt, because all local clients and proxies share it. */
  readonly maxPerAddress: number;
  /** Whether the oldest connection is closed if none is idle. Otherwise the new one is closed. */
  readonly closesBusy: boolean;
  /** Whether no connection is accepted at the moment, because almost no file descriptor is left. */
  readonly isShort?: () => boolean;
}

interface Connection extends Linked<Connection> {
  /** What was accepted: below TLS, if there is any. */
  readonly socket: Socket;
  readonly address: string | undefined;
  /** It belongs to a server of the embedding program, and is known here only while a response is open. */
  readonly borrowed: boolean;
  /** Number of responses that are still open; more than one if requests are pipelined. */
  open: number;
  /** The latest of them. */
  response: ServerResponse | undefined;
  /** The latest whose request was sent when no other one was open. */
  leading: ServerResponse | undefined;
  /** Those whose requests were sent before an earlier one was answered. Node gives them the socket when it is their turn. */
  queued: Set<ServerResponse> | undefined;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  /** By what was accepted, so that a connection is the same one before and after its TLS handshake. */
  readonly #connections = new Map<Socket, Connection>();
  /** Connections without an open response; the one that has been idle longest is first. */
  readonly #idle = new LinkedList<Connection>();
  readonly #byAddress = new Map<string, number>();
  #closing = false;
  /** One function for all of them: otherwise a closure would be created for each request or connection. */
  readonly #onResponseClosed: (this: ServerResponse) => void;
  readonly #onSocketClosed: (this: Socket) => void;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const connections = this;
    this.#onResponseClosed = function () {
      connections.#answered(this.req.socket, this);
    };
    this.#onSocketClosed = function () {
      connections.#closed(this);
    };
  }

  get listener(): ListenerName {
    return this.#options.listener;
  }

  get count(): number {
    return this.#connections.size;
  }

  get limit(): number {
    return this.#options.maxConnections;
  }

  sockets(): IterableIterator<Socket> {
    return this.#connections.keys();
  }

  /** Accepts a new connection, or closes it. */
  accept(socket: Socket): void {
    const reason = this.#add(socket, false);
    if (reason !== undefined) this.drop(socket, reason);
  }

  /**
   * A request has arrived on a connection that is another server's, and this is its response. The connection counts, and
   * its peer is looked after, until the response is closed.
   * @returns whether there is room for it
   */
  borrow(socket: Socket, response: ServerResponse): boolean {
    const accepted = socketBelow(socket);
    if (!this.#connections.has(accepted) && this.#add(accepted, true) !== undefined) return false;
    this.begin(socket, response);
    return true;
  }

  /** A request has arrived, and this is its response. */
  begin(socket: Socket, response: ServerResponse): void {
    const connection = this.#of(socket);
    if (connection === undefined) return;
    if (connection.open === 0) this.#idle.remove(connection);
    connection.open += 1;
    connection.response = response;
    if (response.socket === null) {
      connection.queued ??= new Set();
      connection.queued.add(response);
    } else connection.leading = response;
    response.on('close', this.#onResponseClosed);
  }

  /** The response that is open on a connection; the last one if requests are pipelined. */
  openResponse(socket: Socket): ServerResponse | undefined {
    return this.#of(socket)?.response;
  }

  /** The response whose turn it is on a connection: what is written to it leaves. */
  leadingResponse(socket: Socket): ServerResponse | undefined {
    const connection = this.#of(socket);
    for (const response of connection?.queued ?? []) if (response.socket === socket) return response;
    return connection?.leading;
  }

  /** Whether bytes that are written to the socket now would appear before or inside an answer. */
  isAnswering(socket: Socket): boolean {
    const connection = this.#of(socket);
    if (connection?.response === undefined) return false;
    const { open, response } = connection;
    // While a request is still arriving, its answer has not begun, unless it was refused early.
    return open > 1 || response.headersSent || response.req.complete;
  }

  /**
   * Closes a connection for a reason of the gateway.
   * @param detail more about it, for the log
   */
  drop(socket: Socket, reason: ConnectionDropReason, detail?: string): void {
    const { listener, events } = this.#options;
    const { remoteAddress } = socket;
    events.emit('connection-dropped', {
      listener,
      reason,
      remoteAddress,
      ...(detail !== undefined && { detail }),
    });
    // Otherwise the kernel would keep sending what nobody receives. A socket of TLS cannot be reset itself.
    if (reason === 'vanished') socketBelow(socket).resetAndDestroy();
    else socket.destroy();
  }

  /** Closes connections that wait for a request or never sent one, now and from now on. */
  closeIdle(): void {
    this.#closing = true;
    for (const { socket } of this.#idle) socket.destroy();
  }

  #of(socket: Socket): Connection | undefined {
    return this.#connections.get(socketBelow(socket));
  }

  /** @returns why there is no room for it, or `undefined` */
  #add(socket: Socket, borrowed: boolean): ConnectionDropReason | undefined {
    const { maxConnections, maxPerAddress, isShort } = this.#options;
    if (isShort?.() === true) return 'no_descriptor';
    const address = countedAddress(socket);
    if (address !== undefined && (this.#byAddress.get(address) ?? 0) >= maxPerAddress) return 'address_limit';
    if (this.#connections.size >= maxConnections && !this.#makeRoom()) return 'limit';
    const connection: Connection = {
      socket,
      address,
      borrowed,
      open: 0,
      response: undefined,
      leading: undefined,
      queued: undefined,
      previous: undefined,
      next: undefined,
    };
    this.#connections.set(socket, connection);
    this.#idle.push(connection);
    if (address !== undefined) this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    socket.on('close', this.#onSocketClosed);
    return undefined;
  }

  #makeRoom(): boolean {
    const idlest = this.#idle.first;
    const [oldest] = this.#options.closesBusy ? this.#connections.values() : [];
    const leaves = idlest ?? oldest;
    if (leaves === undefined) return false;
    this.#forget(leaves);
    this.drop(leaves.socket, 'evicted');
    return true;
  }

  #answered(socket: Socket, response: ServerResponse): void {
    const connection = this.#of(socket);
    if (connection === undefined || connection.open === 0) return;
    connection.queued?.delete(response);
    connection.open -= 1;
    if (connection.open > 0) return;
    connection.response = undefined;
    connection.leading = undefined;
    this.#idle.push(connection);
    if (connection.borrowed) {
      connection.socket.off('close', this.#onSocketClosed);
      this.#forget(connection);
      return;
    }
    // The kernel has the rest of its answer by now.
    if (this.#closing && !isClosing(socket)) socket.destroy();
  }

  #closed(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) this.#forget(connection);
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection.socket);
    if (connection.open === 0) this.#idle.remove(connection);
    const { address } = connection;
    if (address !== undefined) {
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    }
    for (const response of connection.queued ?? []) if (response.socket === null) abandon(response);
  }
}

/** The event of Node's responses. */
const CLOSED = 'close';

/** Its client is gone. Node says that of the response that has the socket alone. */
function abandon(response: ServerResponse): void {
  response.destroy();
  response.emit(CLOSED);
}

/** `undefined` for loopback, whose connections are not counted by address. */
function countedAddress({ remoteAddress }: Socket): string | undefined {
  return remoteAddress === undefined || isLoopback(remoteAddress) ? undefined : remoteAddress;
}
