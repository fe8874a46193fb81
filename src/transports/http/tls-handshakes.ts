/**
 * Connections of a TLS listener until their handshake is complete. A connection counts from the moment in which it is
 * accepted, has a deadline for its handshake, and is closed without an answer if that fails: whoever speaks no TLS could
 * not read one.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Deadline } from '../../shared/deadline.js';
import type { Connections } from './connections.js';
import { socketBelow } from './tls-socket.js';

/** Node's own limit of 120 s starts again with each byte. */
const HANDSHAKE_DEADLINE_MS = 10_000;

/** What whoever reads the log can do about it, by the code of OpenSSL's error without `ERR_SSL_`. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  HTTP_REQUEST: 'the client speaks plain HTTP: its URL must begin with https:',
  UNSUPPORTED_PROTOCOL: 'the client speaks a version of TLS before 1.2',
  VERSION_TOO_LOW: 'the client speaks a version of TLS before 1.2',
  WRONG_VERSION_NUMBER: 'the client does not speak TLS',
  NO_SHARED_CIPHER: 'client and server have no cipher in common',
  TLSV1_ALERT_UNKNOWN_CA: "the client does not trust the authority of the server's certificate",
  SSLV3_ALERT_CERTIFICATE_UNKNOWN: "the client does not accept the server's certificate",
  SSLV3_ALERT_CERTIFICATE_EXPIRED: "the server's certificate has expired",
  SSLV3_ALERT_BAD_CERTIFICATE: "the client does not accept the server's certificate",
};

export class TlsHandshakes {
  readonly #connections: Connections;
  readonly #deadlineMs: number;
  readonly #deadlines = new WeakMap<Socket, Deadline>();
  readonly #completed = new WeakSet<Socket>();

  constructor(connections: Connections, deadlineMs = HANDSHAKE_DEADLINE_MS) {
    this.#connections = connections;
    this.#deadlineMs = deadlineMs;
  }

  /** @param socket what the server has accepted, below TLS */
  begin(socket: Socket): void {
    if (socket.destroyed) return;
    const deadline = new Deadline(this.#deadlineMs, () => {
      this.#connections.drop(socket, 'handshake_timeout');
    });
    this.#deadlines.set(socket, deadline);
    socket.once('close', () => deadline.clear());
  }

  complete(socket: TLSSocket): void {
    this.#completed.add(socket);
    // From now on its client may close its half of the connection after its request; before, it has only left.
    socket.allowHalfOpen = true;
    this.#deadlines.get(socketBelow(socket))?.clear();
  }

  isComplete(socket: Socket): boolean {
    return this.#completed.has(socket);
  }

  failed(error: NodeJS.ErrnoException, socket: Socket): void {
    const { code = '' } = error;
    // A load balancer that only looks whether the port is open leaves without a word.
    if (!code.startsWith('ERR_SSL_')) {
      socket.destroy();
      return;
    }
    const name = code.slice('ERR_SSL_'.length);
    this.#connections.drop(socket, 'handshake_failed', EXPLANATIONS[name] ?? name);
  }
}
