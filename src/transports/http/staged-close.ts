/**
 * Closes a connection whose input is not read to its end, in stages (RFC 9112, section 9.6): the answer is sent, then
 * FIN, then everything that the peer still sends is read and discarded until it closes too. If a socket is closed with
 * unread bytes in it, the kernel resets it, and many clients then see EPIPE or ECONNRESET instead of the answer.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Enough for the largest body that a client sends by mistake. It takes no memory, only processor time. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;
const MAX_DISCARD_MS = 10_000;
/** A client that sends nothing for this long has read its answer, or never will. */
const MAX_QUIET_MS = 3_000;
const CHECK_MS = 100;

/** Connections on which nothing more is served, with the number of bytes that had arrived by then. */
const closing = new WeakMap<Socket, number>();

/**
 * The headers of a rejection. If part of the body has not arrived, the connection is closed in stages, because that part
 * would be taken for the next request.
 */
export function rejectionHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  if (request.complete || !hasBody(request)) return {};
  const { socket } = request;
  discardInput(socket);
  // Node calls this once an answer with `Connection: close` has been written.
  socket.destroySoon = () => endAndDiscard(socket);
  return { connection: 'close' };
}

/**
 * From now on nothing that arrives on this connection is served. Node's parser keeps running, because it does the
 * reading.
 */
export function discardInput(socket: Socket): void {
  if (!closing.has(socket)) closing.set(socket, socket.bytesRead);
}

/** Whether requests that arrive on the connection are no longer served. */
export function isClosing(socket: Socket): boolean {
  return closing.has(socket);
}

/** Whether more has arrived on a closing connection than is read so that the answer arrives. */
export function isOverDiscarded(socket: Socket): boolean {
  return socket.bytesRead - (closing.get(socket) ?? socket.bytesRead) > MAX_DISCARDED_BYTES;
}

/** Ends the writable side after what was written, and keeps reading up to a number of bytes and a deadline. */
export function endAndDiscard(socket: Socket): void {
  if (socket.destroyed) return;
  discardInput(socket);
  // After the peer's FIN both sides have ended, and Node closes the socket.
  socket.end();
  const deadlineMs = performance.now() + MAX_DISCARD_MS;
  const check = setInterval(() => {
    if (performance.now() > deadlineMs || isOverDiscarded(socket)) socket.destroy();
  }, CHECK_MS);
  socket.once('close', () => clearInterval(check));
  // Nothing handles the socket's `timeout` any more, so Node destroys the socket.
  socket.setTimeout(MAX_QUIET_MS);
}

export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined;
}
