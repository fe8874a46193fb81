/**
 * Closes a connection whose input is not read to its end, in stages (RFC 9112, section 9.6): the answer, then FIN, then
 * whatever the peer still sends is read and thrown away until it closes too. A socket that is closed with unread bytes in
 * it is reset by the kernel, and many clients then see EPIPE or ECONNRESET in place of the answer.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Enough for the largest body that a client sends by mistake; it costs no memory, only processor time. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;
const MAX_DISCARD_MS = 10_000;
/** A client that has gone quiet has read its answer, or never will. */
const MAX_QUIET_MS = 3_000;
const CHECK_MS = 100;

/** Connections on which nothing more is served, with the bytes that had come by then. */
const closing = new WeakMap<Socket, number>();

/**
 * The response headers with which a refused request leaves its connection in order. What is left of a body would be taken
 * for the next request; the connection is closed in stages then.
 */
export function refusalHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  if (request.complete || !hasBody(request)) return {};
  const { socket } = request;
  discardInput(socket);
  // What Node calls once an answer with `Connection: close` has been written.
  socket.destroySoon = () => endAndDiscard(socket);
  return { connection: 'close' };
}

/** From now on nothing that comes on this connection is served. Node's parser goes on: it is what reads. */
export function discardInput(socket: Socket): void {
  if (!closing.has(socket)) closing.set(socket, socket.bytesRead);
}

/** Whether requests that come on the connection are not served any more. */
export function isClosing(socket: Socket): boolean {
  return closing.has(socket);
}

/** Whether more has come on a closing connection than is read for the sake of an answer. */
export function isOverDiscarded(socket: Socket): boolean {
  return socket.bytesRead - (closing.get(socket) ?? socket.bytesRead) > MAX_DISCARDED_BYTES;
}

/** Ends the writable side after what was written, and reads on within bounds in bytes and time. */
export function endAndDiscard(socket: Socket): void {
  if (socket.destroyed) return;
  discardInput(socket);
  // With the peer's FIN both sides have ended, and Node closes the socket.
  socket.end();
  const deadlineMs = performance.now() + MAX_DISCARD_MS;
  const check = setInterval(() => {
    if (performance.now() > deadlineMs || isOverDiscarded(socket)) socket.destroy();
  }, CHECK_MS);
  socket.once('close', () => clearInterval(check));
  // Nobody handles the socket's `timeout` by now; Node destroys it then.
  socket.setTimeout(MAX_QUIET_MS);
}

export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined;
}
