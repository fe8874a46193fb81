/**
 * The GET stream, for what belongs to no request (2025-11-25, Transports, "Listening for Messages from the Server"). It is
 * opened again whenever it ends, from where it was left.
 */
import { BackOff, pause } from './back-off.js';
import type { Endpoint } from './endpoint.js';
import { readMessages, type StreamPosition } from './event-stream.js';
import { ExchangeFailed } from './http-exchange.js';
import type { ServerSession } from './server-session.js';

/** If the server does not say how long to wait. */
const RETRY_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Statuses of a server that offers no such stream. 405 is the one that the specification names. */
const NOT_OFFERED: ReadonlySet<number> = new Set([404, 405, 501]);

export class Listening {
  readonly #endpoint: Endpoint;
  readonly #session: ServerSession;
  readonly #deliver: (text: string, generation: number) => Promise<void>;
  #stopping: AbortController | undefined;
  #closed = false;
  #backOff = new BackOff(LONGEST_PAUSE_MS);

  /** @param deliver passes a message on to the client; the stream waits for it */
  constructor(
    endpoint: Endpoint,
    session: ServerSession,
    deliver: (text: string, generation: number) => Promise<void>,
  ) {
    this.#endpoint = endpoint;
    this.#session = session;
    this.#deliver = deliver;
  }

  /** Opens the stream of the session as it is now, in place of an earlier one. */
  start(): void {
    this.#stopping?.abort();
    if (this.#closed) return;
    this.#stopping = new AbortController();
    void this.#run(this.#session.generation, this.#stopping.signal);
  }

  /** Closes the stream for good. */
  close(): void {
    this.#closed = true;
    this.#stopping?.abort();
  }

  async #run(generation: number, signal: AbortSignal): Promise<void> {
    const position: StreamPosition = { lastEventId: undefined, retryMs: undefined };
    while (!signal.aborted) {
      try {
        if (await this.#open(generation, position, signal)) return;
      } catch (error) {
        if (!(error instanceof ExchangeFailed)) throw error;
      }
      await pause(Math.max(position.retryMs ?? RETRY_MS, this.#backOff.next()), signal);
    }
  }

  /** @returns whether there is nothing to open again */
  async #open(generation: number, position: StreamPosition, signal: AbortSignal): Promise<boolean> {
    const { lastEventId } = position;
    const exchange = this.#endpoint.exchange({
      method: 'GET',
      headers: {
        accept: 'text/event-stream',
        ...this.#session.headers(),
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
      },
      body: null,
    });
    const abort = (): void => exchange.abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const { status, contentType } = await exchange.head;
      if (status === 200 && contentType === 'text/event-stream') {
        this.#backOff = new BackOff(LONGEST_PAUSE_MS);
        for await (const text of readMessages(exchange, position)) await this.#deliver(text, generation);
        return false;
      }
      exchange.abort();
      // A new session opens a stream of its own.
      if (status === 404 && this.#session.named) return await this.#session.renew(generation);
      // What the server refuses may be the event id.
      position.lastEventId = undefined;
      return NOT_OFFERED.has(status);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}
