/** HTTP+SSE from the client's side (2024-11-05, Transports, "HTTP with SSE"). */
import { Pool } from 'undici';
import { LoadFailure, statusFailure } from './failure-kind.js';
import { type Exchange, exchange, wholeAnswer } from './http-exchange.js';
import { asConnectionFailure, connectionFailure, type WireOptions } from './streamable-wire.js';
import type { Wire, WireListener } from './wire.js';

export class SseWire implements Wire {
  readonly #url: URL;
  readonly #pool: Pool;
  readonly #listener: WireListener;
  readonly #readBytesPerSecond: number | undefined;
  readonly #headers: Readonly<Record<string, string>>;
  #stream: Exchange | undefined;
  #endpoint: string | undefined;
  #leaving = false;

  constructor({ url, headers, readBytesPerSecond }: WireOptions, listener: WireListener) {
    this.#url = url;
    this.#pool = new Pool(url.origin, { headersTimeout: 0, bodyTimeout: 0 });
    this.#listener = listener;
    this.#readBytesPerSecond = readBytesPerSecond;
    this.#headers = headers;
  }

  /** Opens the event stream, whose first event contains the address for messages. */
  connect(): Promise<void> {
    const request = {
      method: 'GET',
      path: this.#url.pathname + this.#url.search,
      headers: { ...this.#headers, accept: 'text/event-stream' },
      body: null,
      readBytesPerSecond: this.#readBytesPerSecond,
    } as const;
    return new Promise((resolve, reject) => {
      const closed = (failure: LoadFailure): void => {
        reject(failure);
        if (this.#endpoint !== undefined && !this.#leaving) this.#listener.onForgotten(failure);
      };
      this.#stream = exchange(this.#pool, request, {
        onEvent: ({ event, data }) => {
          if (event !== 'endpoint') {
            this.#listener.onMessage(data, true);
            return;
          }
          const endpoint = URL.canParse(data, this.#url.href) ? new URL(data, this.#url) : undefined;
          if (endpoint?.origin === this.#url.origin) {
            this.#endpoint = endpoint.pathname + endpoint.search;
            resolve();
          } else {
            reject(new LoadFailure('invalid', `the endpoint event names another origin: ${data}`));
          }
        },
        onEnd: ({ status }, body) => {
          closed(
            status === 200
              ? new LoadFailure('forgotten', 'the server closed the event stream')
              : statusFailure(status, body, false),
          );
        },
        onFailed: (error) => closed(connectionFailure(error)),
      });
    });
  }

  useVersion(): void {
    // The transport has no header for it.
  }

  request(id: string, body: string): void {
    this.notify(body).catch((error: unknown) => {
      this.#listener.onRequestFailed(id, error instanceof LoadFailure ? error : connectionFailure(error));
    });
  }

  async notify(body: string): Promise<void> {
    if (this.#endpoint === undefined) throw new LoadFailure('connection', 'the event stream is not open');
    const { status, body: text } = await wholeAnswer(this.#pool, {
      method: 'POST',
      path: this.#endpoint,
      headers: { ...this.#headers, 'content-type': 'application/json' },
      body,
    }).catch(asConnectionFailure);
    if (status < 200 || status > 299) throw statusFailure(status, text, true);
  }

  /** The stream is open from the beginning. */
  listen(): Promise<void> {
    return Promise.resolve();
  }

  abandon(): void {
    // The POST of a request is answered long before its response arrives.
  }

  /** Closing the stream ends the session. */
  end(): Promise<void> {
    this.#leaving = true;
    this.#stream?.abort(new Error('the session ends'));
    return Promise.resolve();
  }

  async destroy(): Promise<void> {
    this.#leaving = true;
    await this.#pool.destroy();
  }
}
