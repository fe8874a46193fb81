/** A session over Streamable HTTP, with a GET stream, as the SDK's client has it. */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { OnFailure, OnMessage, OpenWire, Wire } from './wire.js';

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly result?: { readonly protocolVersion?: string };
}

/** Ends with DELETE. */
export function httpWire(url: URL): OpenWire {
  return async (onMessage, onFailure) => new HttpWire(url, onMessage, onFailure);
}

class HttpWire implements Wire {
  readonly #url: URL;
  readonly #onMessage: OnMessage;
  readonly #onFailure: OnFailure;
  readonly #closed = new AbortController();
  readonly #session: Record<string, string> = {};

  constructor(url: URL, onMessage: OnMessage, onFailure: OnFailure) {
    this.#url = url;
    this.#onMessage = onMessage;
    this.#onFailure = onFailure;
  }

  async send(text: string): Promise<void> {
    const { id, method } = JSON.parse(text) as Message;
    const answered = this.#post(text);
    if (id !== undefined && method !== undefined) {
      answered.catch((error: unknown) => this.#failed(error));
      return;
    }
    await answered;
    if (method === 'notifications/initialized') await this.#openStream();
  }

  async close(): Promise<void> {
    const response = await fetch(this.#url, { method: 'DELETE', headers: this.#session });
    await response.text();
    this.#closed.abort();
    if (!response.ok) throw new Error(`DELETE was answered ${response.status}`);
  }

  async #post(text: string): Promise<void> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: {
        ...this.#session,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: text,
      signal: this.#closed.signal,
    });
    const sessionId = response.headers.get('mcp-session-id');
    if (sessionId !== null) this.#session['mcp-session-id'] = sessionId;
    await this.#read(response);
  }

  async #openStream(): Promise<void> {
    const response = await fetch(this.#url, {
      headers: { ...this.#session, accept: 'text/event-stream' },
      signal: this.#closed.signal,
    });
    this.#read(response).catch((error: unknown) => this.#failed(error));
  }

  async #read(response: Response): Promise<void> {
    const type = response.headers.get('content-type') ?? '';
    if (response.status === 202) await response.text();
    else if (response.ok && type.startsWith('application/json')) this.#receive(await response.text());
    else if (response.ok && type.startsWith('text/event-stream') && response.body !== null) {
      const events = response.body
        .pipeThrough(new TextDecoderStream())
        .pipeThrough(new EventSourceParserStream());
      for await (const { data } of events) if (data !== '') this.#receive(data);
    } else {
      throw new Error(`${response.status} ${type}: ${(await response.text()).slice(0, 500)}`);
    }
  }

  #receive(text: string): void {
    const { result } = JSON.parse(text) as Message;
    const version = result?.protocolVersion;
    if (typeof version === 'string') this.#session['mcp-protocol-version'] ??= version;
    this.#onMessage(text);
  }

  #failed(error: unknown): void {
    if (this.#closed.signal.aborted) return;
    this.#onFailure(error instanceof Error ? error : new Error(String(error)));
  }
}
