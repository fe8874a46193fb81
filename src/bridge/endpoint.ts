/** The server's address. While the server is not there or is busy, a request is tried again, for a limited time. */
import { performance } from 'node:perf_hooks';
import { Pool } from 'undici';
import { BackOff, pause } from './back-off.js';
import { type AnswerHead, ExchangeFailed, HttpExchange } from './http-exchange.js';

/** How long a request is tried again. */
const TRIES_MS = 15_000;
const CONNECT_DEADLINE_MS = 10_000;
/** A server that answers so has done nothing. */
const BUSY: ReadonlySet<number> = new Set([429, 503]);

export interface EndpointRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface Reached {
  readonly exchange: HttpExchange;
  readonly head: AnswerHead;
}

export interface EndpointOptions {
  readonly url: URL;
  /** Sent with every request; they may hold secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long a request is tried again, in milliseconds; by default 15 s. */
  readonly triesMs?: number | undefined;
}

export class Endpoint {
  /** For people: without user and query, which may be secrets. */
  readonly address: string;
  readonly #path: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #triesMs: number;
  readonly #pool: Pool;
  #unreachableSinceMs: number | undefined;

  constructor({ url, headers, triesMs = TRIES_MS }: EndpointOptions) {
    this.address = `${url.origin}${url.pathname}`;
    this.#path = url.pathname + url.search;
    this.#headers = headers;
    this.#triesMs = triesMs;
    // A call takes as long as its client waits for it, and a GET stream can be silent for hours.
    this.#pool = new Pool(url.origin, {
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: CONNECT_DEADLINE_MS },
    });
  }

  /** One request, tried once. */
  exchange({ method, headers, body }: EndpointRequest): HttpExchange {
    const all = { ...headers, ...this.#headers };
    return new HttpExchange(this.#pool, { method, path: this.#path, headers: all, body });
  }

  /**
   * The answer to a request. It is tried again while the server cannot be reached or is busy. A server that has been away
   * for longer is tried once, so that a client is not kept waiting by each request.
   * @param request made anew for each try
   * @param signal breaks off the exchange, also when its answer has begun; it must not live longer than the request
   * @param onWritten from now on the server may have the request
   * @throws {ExchangeFailed}
   */
  async reach(request: () => EndpointRequest, signal: AbortSignal, onWritten?: () => void): Promise<Reached> {
    const backOff = new BackOff();
    const deadlineMs = performance.now() + this.#triesMs;
    for (;;) {
      let pauseMs = backOff.next();
      try {
        const reached = await this.#tryOnce(request(), signal, onWritten);
        this.#unreachableSinceMs = undefined;
        const { status, retryAfterMs = 0 } = reached.head;
        pauseMs = Math.max(pauseMs, retryAfterMs);
        if (!BUSY.has(status) || performance.now() + pauseMs > deadlineMs) return reached;
        reached.exchange.abort();
      } catch (error) {
        if (!(error instanceof ExchangeFailed) || error.sent || signal.aborted) throw error;
        const now = performance.now();
        this.#unreachableSinceMs ??= now;
        if (now + pauseMs > this.#unreachableSinceMs + this.#triesMs) throw error;
      }
      await pause(pauseMs, signal);
      if (signal.aborted) throw new ExchangeFailed(new Error('it is not waited for any more'), false);
    }
  }

  /** Closes all connections. */
  destroy(): Promise<void> {
    return this.#pool.destroy();
  }

  async #tryOnce(request: EndpointRequest, signal: AbortSignal, onWritten?: () => void): Promise<Reached> {
    const exchange = this.exchange(request);
    signal.addEventListener('abort', () => exchange.abort(), { once: true });
    if (onWritten !== undefined) exchange.onWritten = onWritten;
    return { exchange, head: await exchange.head };
  }
}
