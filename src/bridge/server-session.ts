/**
 * The bridge's session with the server: its id, its protocol version, and what has to be said again when the server has
 * lost it (2025-11-25, Transports, "Session Management": after 404 a client starts a new session).
 */
import {
  fieldsOf,
  type RequestEnvelope,
  type ResponseEnvelope,
  readEnvelopes,
} from '../protocol/envelope.js';
import type { Fields } from '../shared/fields.js';
import { INITIALIZED_NOTIFICATION } from '../shared/initialized.js';
import type { Endpoint, EndpointRequest } from './endpoint.js';
import { readMessages } from './event-stream.js';
import { ExchangeFailed, type HttpExchange } from './http-exchange.js';

/** The longest answer, in bytes: 32 Mi characters. */
export const MAX_ANSWER_BYTES = 96 * 1024 * 1024;
/** Resources that a client subscribed to; beyond it, further ones are not subscribed to again in a new session. */
const MAX_SUBSCRIPTIONS = 1_000;
/** How long the server may take for each step of opening a new session. */
const STEP_MS = 30_000;
/** How long the goodbye may take. */
const END_MS = 2_000;
const ID_PREFIX = 'bulkhead-bridge-';

export interface SessionOwner {
  /** A new session has replaced a lost one; `capabilities` are what its server has. */
  onRenewed(capabilities: Fields): Promise<void>;
  warn(message: string): void;
}

export class ServerSession {
  /** Counts sessions: a message of an earlier one means nothing in a later one. */
  generation = 0;
  readonly #endpoint: Endpoint;
  readonly #owner: SessionOwner;
  #id: string | undefined;
  #version: string | undefined;
  #initialize: RequestEnvelope | undefined;
  #level: RequestEnvelope | undefined;
  readonly #subscriptions = new Map<unknown, RequestEnvelope>();
  #renewing: Promise<boolean> | undefined;
  #lastId = 0;

  constructor(endpoint: Endpoint, owner: SessionOwner) {
    this.#endpoint = endpoint;
    this.#owner = owner;
  }

  /** Whether the server gave the session an id, so that it can lose it. */
  get named(): boolean {
    return this.#id !== undefined;
  }

  /** Resolves when no new session is being opened. */
  async settled(): Promise<void> {
    await this.#renewing;
  }

  /** Headers of a request that belongs to the session. */
  headers(): Record<string, string> {
    return {
      ...(this.#id !== undefined && { 'mcp-session-id': this.#id }),
      ...(this.#version !== undefined && { 'mcp-protocol-version': this.#version }),
    };
  }

  /** The client's own `initialize` has been answered. */
  opened(request: RequestEnvelope, result: Fields, sessionId: string | undefined): void {
    this.generation += 1;
    this.#initialize = request;
    this.#level = undefined;
    this.#subscriptions.clear();
    this.#take(result, sessionId);
  }

  /** A request has been answered; the server may remember something that a new session has to be told. */
  answered(request: RequestEnvelope): void {
    const { method, params } = request;
    if (method === 'logging/setLevel') this.#level = request;
    if (method === 'resources/unsubscribe') this.#subscriptions.delete(params.uri);
    if (method === 'resources/subscribe' && this.#subscriptions.size < MAX_SUBSCRIPTIONS) {
      this.#subscriptions.set(params.uri, request);
    }
  }

  /**
   * The server does not know the session any more: opens a new one with the same parameters, once for all who notice.
   * @param generation the session that was lost
   * @returns whether there is another session now
   */
  async renew(generation: number): Promise<boolean> {
    if (generation !== this.generation) return true;
    if (this.#initialize === undefined) return false;
    const renewing = this.#renewing ?? this.#openAnew(this.#initialize);
    this.#renewing = renewing;
    try {
      return await renewing;
    } finally {
      if (this.#renewing === renewing) this.#renewing = undefined;
    }
  }

  /** Ends the session at the server, if it is still there. */
  async end(): Promise<void> {
    if (this.#id === undefined) return;
    const exchange = this.#endpoint.exchange({ method: 'DELETE', headers: this.headers(), body: null });
    this.#id = undefined;
    await within(END_MS, exchange, async () => {
      await exchange.head;
      await exchange.text(MAX_ANSWER_BYTES);
    }).catch((error: unknown) => {
      // The server is gone, or does not answer: its own time limits end the session.
      if (!(error instanceof ExchangeFailed)) throw error;
    });
  }

  async #openAnew(initialize: RequestEnvelope): Promise<boolean> {
    const { address } = this.#endpoint;
    this.#owner.warn(`${address} does not know the session any more: a new one is opened.`);
    const version = this.#version;
    try {
      const result = await this.#repeat(initialize, {}, (response, sessionId) => {
        if (response.result !== undefined) this.#take(response.result, sessionId);
        return response.result;
      });
      if (result === undefined) throw new ExchangeFailed(new Error('it refuses to initialize'), true);
      this.generation += 1;
      if (this.#version !== version) {
        this.#owner.warn(`the new session speaks ${this.#version}; the client was told ${version}.`);
      }
      await this.#post(INITIALIZED_NOTIFICATION, this.headers(), () => Promise.resolve());
      for (const request of [this.#level, ...this.#subscriptions.values()]) {
        if (request !== undefined) await this.#repeat(request, this.headers(), () => undefined);
      }
      await this.#owner.onRenewed(fieldsOf(result.capabilities));
      return true;
    } catch (error) {
      if (!(error instanceof ExchangeFailed)) throw error;
      this.#owner.warn(`there is no new session with ${address}: ${error.message}.`);
      return false;
    }
  }

  /** Sends a request of the client again, under an id that the client does not use. */
  async #repeat<Result>(
    { text }: RequestEnvelope,
    headers: EndpointRequest['headers'],
    onResponse: (response: ResponseEnvelope, sessionId: string | undefined) => Result | undefined,
  ): Promise<Result | undefined> {
    this.#lastId += 1;
    const id = `${ID_PREFIX}${this.#lastId}`;
    const body = JSON.stringify({ ...(JSON.parse(text) as Fields), id });
    let result: Result | undefined;
    await this.#post(body, headers, async (exchange) => {
      const { contentType, sessionId } = await exchange.head;
      for await (const answer of answersOf(exchange, contentType)) {
        const response = responseIn(answer, id);
        if (response === undefined) continue;
        result = onResponse(response, sessionId);
        return;
      }
    });
    return result;
  }

  async #post(
    body: string,
    headers: EndpointRequest['headers'],
    read: (exchange: HttpExchange) => Promise<void>,
  ): Promise<void> {
    const exchange = this.#endpoint.exchange({
      method: 'POST',
      headers: { ...POST_HEADERS, ...headers },
      body,
    });
    try {
      await within(STEP_MS, exchange, async () => {
        const { status } = await exchange.head;
        if (status >= 200 && status < 300) await read(exchange);
        else throw new ExchangeFailed(new Error(`it answered with status ${status}`), true);
      });
    } finally {
      exchange.abort();
    }
  }

  #take(result: Fields, sessionId: string | undefined): void {
    this.#id = sessionId;
    this.#version = typeof result.protocolVersion === 'string' ? result.protocolVersion : undefined;
  }
}

/** Every POST has these (2025-11-25, Transports, "Sending Messages to the Server"). */
export const POST_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
} as const;

async function* answersOf(exchange: HttpExchange, contentType: string): AsyncGenerator<string> {
  if (contentType === 'text/event-stream') {
    yield* readMessages(exchange, { lastEventId: undefined, retryMs: undefined });
  } else {
    yield await exchange.text(MAX_ANSWER_BYTES);
  }
}

function responseIn(text: string, id: string): ResponseEnvelope | undefined {
  try {
    return readEnvelopes(text).find((one) => one.kind === 'response' && one.id === id) as
      | ResponseEnvelope
      | undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Does the work, and breaks off the exchange when it takes too long. */
async function within(ms: number, exchange: HttpExchange, work: () => Promise<void>): Promise<void> {
  const deadline = setTimeout(() => exchange.abort(), ms);
  try {
    await work();
  } finally {
    clearTimeout(deadline);
  }
}
