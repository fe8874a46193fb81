/**
 * Requests that Node reports as late. Node's timers run before it reads sockets, so after a stall (SIGSTOP, a frozen
 * container) the rest of a request may have arrived in time without having been read. Such a request gets a little more
 * time, once. Node has already reported it and does not check it again.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { afterReading, Deadline } from '../../shared/deadline.js';

export class LateRequests {
  readonly #graceMs: number;
  readonly #openResponse: (socket: Socket) => ServerResponse | undefined;
  /** Connections on which the headers of a request are still arriving. */
  readonly #headersAwaited = new Set<Socket>();

  /** @param openResponse the response to the last request whose headers have arrived on the connection */
  constructor(graceMs: number, openResponse: (socket: Socket) => ServerResponse | undefined) {
    this.#graceMs = graceMs;
    this.#openResponse = openResponse;
  }

  /** The headers of a request have arrived. */
  arrived(socket: Socket): void {
    if (this.#headersAwaited.size > 0) this.#headersAwaited.delete(socket);
  }

  /** Calls back if the request is really late. */
  judge(socket: Socket, isLate: () => void): void {
    const { bytesRead } = socket;
    const response = this.#openResponse(socket);
    if (response === undefined) this.#headersAwaited.add(socket);
    const incomplete = (): boolean =>
      response === undefined ? this.#headersAwaited.has(socket) : !response.req.complete;
    const decide = (): void => {
      const late = incomplete() && !socket.destroyed;
      this.#headersAwaited.delete(socket);
      if (late) isLate();
    };
    afterReading(() => {
      if (socket.bytesRead === bytesRead || !incomplete()) return decide();
      const deadline = new Deadline(this.#graceMs, decide);
      socket.once('close', () => {
        deadline.clear();
        this.#headersAwaited.delete(socket);
      });
    });
  }
}
