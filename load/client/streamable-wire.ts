/** Streamable HTTP from the client's side (2025-11-25, Transports, "Streamable HTTP"). */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { LoadFailure, statusFailure } from './failure-kind.js';
import { type Exchange, exchange, type HttpRequest, wholeAnswer } from './http-exchange.js';
import type { Wire, WireListener } from './wire.js';

/** Pause before a stream is opened again if the server names none, as in the SDK's client. */
const RETRY_MS = 1_000;
/** How often one call's stream is resumed. Each time may bring the answer (SEP-1699), but not forever. */
const MAX_RESUMES = 100;

interface Resumable {
  retryMs: number;
  lastEventId: string | undefined;
}

export interface WireOptions {
  readonly url: URL;
  /** For every request, besides the transport's own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly readBytesPerSecond: number | undefined;
}

export class StreamableWire implements Wire {
  readonly #path: string;
  readonly #pool: Pool;
  readonly #listener: WireListener;
  readonly #readBytesPerSecond: number | undefined;
  readonly #closing = new AbortController();
  readonly #exchanges = new Map<string, Exchange>();
  #headers: Readonly<Record<string, string>>;
  #sessionId: string | undefined;

  constructor({ url, headers, readBytesPerSecond }: WireOptions, listener: WireListener) {
    // As many listeners as there are calls whose streams may have to be opened again.
    setMaxListeners(0, this.#closing.signal);
    this.#path = url.pathname + url.search;
    // One connection for each concurrent request, as in Claude Code; the session's own deadlines limit every wait.
    this.#pool = new Pool(url.origin, { headersTimeout: 0, bodyTimeout: 0 });
    this.#listener = listener;
    this.#readBytesPerSecond = readBytesPerSecond;
    this.#headers = headers;
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  useVersion(version: string): void {
    // The header exists since 2025-06-18.
    if (version >= '2025-06-18') this.#headers = { ...this.#headers, 'mcp-protocol-version': version };
  }

  request(id: string, body: string): void {
    const stream: Resumable = { retryMs: RETRY_MS, lastEventId: undefined };
    this.#follow(id, stream, this.#post(body), 0);
  }

  async notify(body: string): Promise<void> {
    const { status, body: text } = await wholeAnswer(this.#pool, this.#post(body)).catch(asConnectionFailure);
    // The specification requires 202; some servers send 200 or 204 for the same.
    if (status < 200 || status > 299) throw this.#refused(status, text);
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#openStream({ retryMs: RETRY_MS, lastEventId: undefined }, { resolve, reject });
    });
  }

  abandon(id: string): void {
    this.#exchanges.get(id)?.abort(new Error('nobody waits for the answer any more'));
  }

  async end(): Promise<void> {
    this.#closing.abort();
    if (this.#sessionId === undefined) return;
    const { status, body } = await wholeAnswer(this.#pool, {
      method: 'DELETE',
      path: this.#path,
      headers: this.#headers,
      body: null,
    }).catch(asConnectionFailure);
    // 405: the server does not let clients end sessions.
    if ((status < 200 || status > 299) && status !== 405) throw this.#refused(status, body);
  }

  async destroy(): Promise<void> {
    this.#closing.abort();
    await this.#pool.destroy();
  }

  #post(body: string): HttpRequest {
    const headers = {
      ...this.#headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    return {
      method: 'POST',
      path: this.#path,
      headers,
      body,
      readBytesPerSecond: this.#readBytesPerSecond,
    };
  }

  #get({ lastEventId }: Resumable): HttpRequest {
    const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const headers = { ...this.#headers, ...resume, accept: 'text/event-stream' };
    const readBytesPerSecond = this.#readBytesPerSecond;
    return { method: 'GET', path: this.#path, headers, body: null, readBytesPerSecond };
  }

  #refused(status: number, body: string): LoadFailure {
    return statusFailure(status, body, this.#sessionId !== undefined);
  }

  /** Reads the answer of one request, over as many connections as its stream needs. */
  #follow(id: string, stream: Resumable, request: HttpRequest, resumes: number): void {
    const settled = (): void => {
      this.#exchanges.delete(id);
    };
    const sent = exchange(this.#pool, request, {
      onHead: ({ sessionId }) => this.#remember(sessionId),
      onEvent: (event) => this.#take(event, stream),
      onRetry: (retryMs) => {
        stream.retryMs = retryMs;
      },
      onEnd: ({ status, eventStream }, body) => {
        settled();
        if (status !== 200) {
          this.#listener.onRequestFailed(id, this.#refused(status, body));
        } else if (!eventStream) {
          if (body !== '') this.#listener.onMessage(body, false);
          this.#unanswered(id, 'the JSON answer holds no response for this request');
        } else if (this.#listener.isWaiting(id)) {
          this.#resume(id, stream, resumes);
        }
      },
      onFailed: (error) => {
        settled();
        if (!this.#listener.isWaiting(id)) return;
        if (stream.lastEventId !== undefined && !this.#closing.signal.aborted) {
          this.#resume(id, stream, resumes);
        } else {
          this.#listener.onRequestFailed(id, connectionFailure(error));
        }
      },
    });
    this.#exchanges.set(id, sent);
  }

  /** A stream with event ids that ended without the response is continued on another connection. */
  #resume(id: string, stream: Resumable, resumes: number): void {
    if (stream.lastEventId === undefined || resumes >= MAX_RESUMES) {
      this.#unanswered(id, 'the event stream ended without the response');
      return;
    }
    this.#pause(stream.retryMs, () => {
      if (this.#listener.isWaiting(id)) this.#follow(id, stream, this.#get(stream), resumes + 1);
    });
  }

  #unanswered(id: string, message: string): void {
    this.#listener.onRequestFailed(id, new LoadFailure('no answer', message));
  }

  #openStream(
    stream: Resumable,
    opened?: { readonly resolve: () => void; readonly reject: (failure: LoadFailure) => void },
  ): void {
    const again = (): void => {
      if (this.#closing.signal.aborted) return;
      this.#listener.onStreamClosed();
      this.#pause(stream.retryMs, () => this.#openStream(stream));
    };
    let isOpen = false;
    exchange(this.#pool, this.#get(stream), {
      onHead: ({ status }) => {
        isOpen = status === 200;
        if (isOpen) opened?.resolve();
      },
      onEvent: (event) => this.#take(event, stream),
      onRetry: (retryMs) => {
        stream.retryMs = retryMs;
      },
      onEnd: ({ status }, body) => {
        if (status === 200) {
          again();
          return;
        }
        // 405: the server has no such stream (2025-11-25, Transports, "Listening for Messages from the Server").
        if (status === 405) opened?.resolve();
        else if (opened !== undefined) opened.reject(this.#refused(status, body));
        else this.#lostStream(this.#refused(status, body), again);
      },
      onFailed: (error) => {
        if (opened === undefined || isOpen) again();
        else opened.reject(connectionFailure(error));
      },
    });
  }

  #lostStream(failure: LoadFailure, again: () => void): void {
    if (failure.kind === 'forgotten') this.#listener.onForgotten(failure);
    else again();
  }

  #take({ data, id }: { readonly data: string; readonly id?: string | undefined }, stream: Resumable): void {
    if (id !== undefined && id !== '') stream.lastEventId = id;
    // A priming event's data is empty.
    if (data !== '') this.#listener.onMessage(data, true);
  }

  #remember(sessionId: string | undefined): void {
    if (sessionId === undefined || this.#sessionId !== undefined) return;
    this.#sessionId = sessionId;
    this.#headers = { ...this.#headers, 'mcp-session-id': sessionId };
  }

  #pause(milliseconds: number, then: () => void): void {
    delay(milliseconds, undefined, { signal: this.#closing.signal }).then(then, (error: unknown) => {
      if (!this.#closing.signal.aborted) throw error;
    });
  }
}

export function connectionFailure(error: unknown): LoadFailure {
  const code = error instanceof Error && 'code' in error ? `${String(error.code)}: ` : '';
  return new LoadFailure('connection', `${code}${error instanceof Error ? error.message : String(error)}`);
}

export function asConnectionFailure(error: unknown): never {
  throw connectionFailure(error);
}
