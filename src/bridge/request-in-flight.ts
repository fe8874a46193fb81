/** One request of the client, until it has been answered: sent, read, resumed, and sent again where that is safe. */

import { type RequestEnvelope, readEnvelopes } from '../protocol/envelope.js';
import { BackOff, pause } from './back-off.js';
import { type BridgeErrorReason, bridgeError, refusedBy, unreachable } from './bridge-error.js';
import type { Endpoint } from './endpoint.js';
import { readMessages, type StreamPosition } from './event-stream.js';
import { type AnswerHead, ExchangeFailed, type HttpExchange } from './http-exchange.js';
import { claimedVersion, statelessHeaders } from './request-headers.js';
import { MAX_ANSWER_BYTES, POST_HEADERS, type ServerSession } from './server-session.js';

/** How often a request is sent again whose answer was lost: it may be what ends the server each time. */
const MAX_REPEATS = 2;
/** The same for a request that the server refused because it did not know the session. */
const MAX_NEW_SESSIONS = 2;
/** How long a stream is resumed that breaks each time before anything has come. */
const RESUME_MS = 15_000;
/** When a request has been written for so long, later messages may be sent: its answer can take as long as its tool. */
const TAKEN_AFTER_MS = 10;
const RETRY_MS = 1_000;

export interface RequestOwner {
  readonly endpoint: Endpoint;
  readonly session: ServerSession;
  mayRepeat(request: RequestEnvelope): boolean;
  /** Passes on what the server said. The response to this request comes back as `answered` or `lostBy`. */
  deliver(text: string, generation: number): Promise<void>;
  /** Answers the client in the server's place. */
  answer(request: RequestInFlight, body: string): Promise<void>;
}

/** What became of one attempt. */
type Attempt =
  | { readonly outcome: 'over' }
  /** The server does not know the session, and has not begun the request. */
  | { readonly outcome: 'no-session'; readonly generation: number; readonly head: AnswerHead }
  | { readonly outcome: 'lost'; readonly why: string }
  | { readonly outcome: 'refused'; readonly reason: BridgeErrorReason; readonly message: string };

export class RequestInFlight {
  readonly envelope: RequestEnvelope;
  /** The server's session id, as the answer to `initialize` brought it. */
  sessionId: string | undefined;
  /** The version that the request itself claims: it has no session then. */
  readonly claimed: string | undefined;
  readonly #owner: RequestOwner;
  readonly #ending = new AbortController();
  #written = false;
  #settled = false;
  #lost: string | undefined;

  constructor(envelope: RequestEnvelope, owner: RequestOwner) {
    this.envelope = envelope;
    this.claimed = claimedVersion(envelope);
    this.#owner = owner;
  }

  /** Whether it is answered, or nobody waits for its answer. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Whether the server may have it. */
  get written(): boolean {
    return this.#written;
  }

  /** Its response has been passed on. */
  answered(): void {
    this.#settled = true;
  }

  /** The server reports that the response is lost. */
  lostBy(why: string): void {
    this.#lost = why;
  }

  /** Nobody waits for its answer any more. */
  abandon(): void {
    this.#settled = true;
    this.#ending.abort();
  }

  /**
   * Resolves when the request is over.
   * @param onTaken the server has it, so that the client's next message may be sent; or it is over
   */
  async run(onTaken: () => void): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.#run(() => {
        this.#written = true;
        // Everything else needs what `initialize` brings.
        if (this.envelope.method !== 'initialize') timer ??= setTimeout(onTaken, TAKEN_AFTER_MS);
      }, onTaken);
    } finally {
      clearTimeout(timer);
      onTaken();
    }
  }

  async #run(onWritten: () => void, onTaken: () => void): Promise<void> {
    const { session } = this.#owner;
    let repeats = 0;
    let newSessions = 0;
    for (;;) {
      const attempt = await this.#attempt(onWritten, onTaken);
      if (this.#settled || attempt.outcome === 'over') return;
      if (attempt.outcome === 'no-session') {
        newSessions += 1;
        if (newSessions <= MAX_NEW_SESSIONS && (await session.renew(attempt.generation))) continue;
        const { address } = this.#owner.endpoint;
        return this.#fail('refused', refusedBy(address, attempt.head, 'it does not know the session'));
      }
      if (attempt.outcome === 'refused') return this.#fail(attempt.reason, attempt.message);
      // A subscription has no other answer than its end, and is opened again for as long as it is wanted.
      if (this.envelope.method !== 'subscriptions/listen') repeats += 1;
      if (repeats > MAX_REPEATS || !this.#owner.mayRepeat(this.envelope)) return this.#failLost(attempt.why);
      await pause(RETRY_MS, this.#ending.signal);
    }
  }

  async #attempt(onWritten: () => void, onTaken: () => void): Promise<Attempt> {
    const { endpoint, session } = this.#owner;
    const { text, method } = this.envelope;
    const opens = method === 'initialize';
    let { generation } = session;
    this.#lost = undefined;
    const request = () => {
      generation = session.generation;
      const headers = this.#headers();
      return { method: 'POST', headers: { ...POST_HEADERS, ...headers }, body: text } as const;
    };
    try {
      await session.settled();
      const { exchange, head } = await endpoint.reach(request, this.#ending.signal, onWritten);
      this.sessionId = head.sessionId;
      if (opens) return await this.#read(exchange, head, generation + 1);
      if (head.status !== 404) onTaken();
      return await this.#read(exchange, head, generation);
    } catch (error) {
      if (!(error instanceof ExchangeFailed)) throw error;
      if (error.sent) return { outcome: 'lost', why: error.message };
      return { outcome: 'refused', reason: 'unreachable', message: unreachable(endpoint.address, error) };
    }
  }

  #headers(): Readonly<Record<string, string>> {
    if (this.claimed !== undefined) return statelessHeaders(this.envelope, this.claimed);
    return this.envelope.method === 'initialize' && !this.#owner.session.named
      ? {}
      : this.#owner.session.headers();
  }

  async #read(exchange: HttpExchange, head: AnswerHead, generation: number): Promise<Attempt> {
    const { status, contentType } = head;
    const { session, endpoint } = this.#owner;
    if (status === 404 && session.named && this.claimed === undefined) {
      exchange.abort();
      return { outcome: 'no-session', generation, head };
    }
    if (status === 200 && contentType === 'text/event-stream') {
      return this.#readStream(exchange, generation);
    }
    const body = await exchange.text(MAX_ANSWER_BYTES);
    const said = whatIsSaid(body, this.envelope);
    if (said.answers) {
      await this.#owner.deliver(body, generation);
      return { outcome: 'over' };
    }
    if (status < 200 || status > 299) {
      const message = refusedBy(endpoint.address, head, said.message);
      return { outcome: 'refused', reason: 'refused', message };
    }
    const message = `${endpoint.address} answered with status ${status}, but without a response to ${this.envelope.method}. It may not be an MCP server.`;
    return { outcome: 'refused', reason: 'refused', message };
  }

  async #readStream(first: HttpExchange, generation: number): Promise<Attempt> {
    const position: StreamPosition = { lastEventId: undefined, retryMs: undefined };
    let exchange = first;
    let deadlineMs = Number.POSITIVE_INFINITY;
    let backOff = new BackOff();
    let why = 'its stream ended without an answer';
    for (;;) {
      const before = position.lastEventId;
      try {
        for await (const text of readMessages(exchange, position)) {
          await this.#owner.deliver(text, generation);
          if (this.#settled) return { outcome: 'over' };
          if (this.#lost !== undefined) return { outcome: 'lost', why: this.#lost };
        }
      } catch (error) {
        if (!(error instanceof ExchangeFailed)) throw error;
        if (this.#settled) return { outcome: 'over' };
        why = `its stream broke: ${error.message}`;
      }
      if (position.lastEventId === undefined || this.claimed !== undefined) return { outcome: 'lost', why };
      if (position.lastEventId !== before) {
        deadlineMs = performance.now() + RESUME_MS;
        backOff = new BackOff();
      }
      const resumed = await this.#resume(position, backOff, deadlineMs);
      if (this.#settled) return { outcome: 'over' };
      if (resumed === undefined) return { outcome: 'lost', why };
      exchange = resumed;
    }
  }

  /** The rest of the stream; `undefined` if there is none. */
  async #resume(
    { lastEventId = '', retryMs = RETRY_MS }: StreamPosition,
    backOff: BackOff,
    deadlineMs: number,
  ): Promise<HttpExchange | undefined> {
    const { endpoint, session } = this.#owner;
    const { signal } = this.#ending;
    for (;;) {
      await pause(Math.max(retryMs, backOff.next()), signal);
      if (signal.aborted || performance.now() > deadlineMs) return undefined;
      const exchange = endpoint.exchange({
        method: 'GET',
        headers: { accept: 'text/event-stream', ...session.headers(), 'last-event-id': lastEventId },
        body: null,
      });
      signal.addEventListener('abort', () => exchange.abort(), { once: true });
      try {
        const { status, contentType } = await exchange.head;
        if (status === 200 && contentType === 'text/event-stream') return exchange;
        exchange.abort();
        // The server has nothing more of this stream, or does not know it.
        if (status < 500 && status !== 429) return undefined;
      } catch (error) {
        if (!(error instanceof ExchangeFailed)) throw error;
      }
    }
  }

  #fail(reason: BridgeErrorReason, message: string): Promise<void> {
    return this.#owner.answer(this, bridgeError(this.envelope.id, reason, message));
  }

  #failLost(why: string): Promise<void> {
    const { method, params } = this.envelope;
    const { address } = this.#owner.endpoint;
    if (this.#owner.mayRepeat(this.envelope)) {
      const message = `The answer of ${address} to ${method} was lost ${MAX_REPEATS + 1} times: ${why}. Try again later.`;
      return this.#fail('answer_lost', message);
    }
    const [what, mark] =
      method === 'tools/call'
        ? [`the call of ${String(params.name)}`, 'the tool is marked neither read-only nor idempotent']
        : [method, 'that may not be safe'];
    const message = `The answer of ${address} to ${what} was lost: ${why}. It was not sent again, because ${mark}. It may have been carried out: check before you call again.`;
    return this.#fail('not_repeated', message);
  }
}

/** What a body says: whether it holds the response to the request, otherwise the message of an error in it. */
function whatIsSaid(
  body: string,
  { id }: RequestEnvelope,
): { readonly answers: boolean; readonly message: string | undefined } {
  try {
    const envelopes = readEnvelopes(body);
    const answers = envelopes.some((one) => one.kind === 'response' && one.id === id);
    const [first] = envelopes;
    const message = first?.kind === 'response' ? first.error?.message : undefined;
    return { answers, message: typeof message === 'string' ? message : undefined };
  } catch (error) {
    // A page for people, say.
    if (error instanceof SyntaxError || error instanceof TypeError)
      return { answers: false, message: undefined };
    throw error;
  }
}
