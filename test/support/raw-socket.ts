/** A TCP connection to a listener that sends exactly the given bytes, for what no HTTP client would do. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { afterThisTest } from './cleanup.js';
import { until, withDeadline } from './deadline.js';

export class RawSocket {
  readonly socket: Socket;
  /** Resolves when the peer has closed its side, or the connection is gone. */
  readonly ended: Promise<void>;
  /** Everything that has arrived so far, as Latin-1. */
  text = '';
  /** The error with which the connection ended, such as `ECONNRESET`. */
  error: string | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.text += text;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code;
    });
    this.ended = new Promise((resolve) => {
      socket.on('end', () => resolve());
      socket.on('close', () => resolve());
    });
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** Waits until this text has arrived. */
  async received(text: string): Promise<void> {
    await until(
      () => this.text.includes(text),
      () => `${JSON.stringify(text)}; got ${JSON.stringify(this.text)}`,
    );
  }

  async end(): Promise<void> {
    await withDeadline(this.ended, () => `the connection to end; got ${JSON.stringify(this.text)}`);
  }
}

/** Connects, and destroys the socket after the test. Half-open: the peer's FIN does not close it. */
export async function rawSocket(url: URL, paused = false): Promise<RawSocket> {
  const socket = connect({ port: Number(url.port), host: url.hostname, allowHalfOpen: true });
  afterThisTest(() => {
    socket.destroy();
  });
  await withDeadline(once(socket, 'connect'), 'the connection');
  const raw = new RawSocket(socket);
  if (paused) socket.pause();
  return raw;
}

/** The same over TLS, once its handshake is complete. */
export async function rawTlsSocket(url: URL, options: ConnectionOptions, paused = false): Promise<RawSocket> {
  const socket = connectTls({
    port: Number(url.port),
    host: url.hostname,
    allowHalfOpen: true,
    ...options,
  } as ConnectionOptions);
  afterThisTest(() => {
    socket.destroy();
  });
  await withDeadline(once(socket, 'secureConnect'), 'the TLS handshake');
  const raw = new RawSocket(socket);
  if (paused) socket.pause();
  return raw;
}

/** A request as bytes; `body` is sent as far as it is given, even if `content-length` announces more. */
export function requestText(
  method: string,
  url: URL,
  headers: Readonly<Record<string, string | number | undefined>> = {},
  body = '',
): string {
  const all = {
    host: url.host,
    accept: 'application/json, text/event-stream',
    ...(body !== '' && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  );
  return `${method} ${url.pathname} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
