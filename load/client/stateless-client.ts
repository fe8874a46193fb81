/**
 * One MCP client of revision 2026-07-28, which has no sessions. Each of its requests has a token of its own, in its id,
 * its progress token and where the mix has `{{session}}`: an answer with the token of another request, of this client or
 * of another, was meant for that one.
 */
import type { EventSourceMessage } from 'eventsource-parser';
import { Pool } from 'undici';
import { META } from '../../src/shared/stateless-protocol.js';
import type { ListedTool } from '../mix.js';
import { type Answer, AwaitedAnswers } from './awaited-answers.js';
import type { CallTemplate } from './call-template.js';
import { excerpt, LoadFailure, statusFailure } from './failure-kind.js';
import { type Exchange, exchange, type HttpRequest } from './http-exchange.js';
import { type IncomingMessage, isToolError, outcomeOf } from './incoming-message.js';
import { ListenStream, type ListenStreamOwner } from './listen-stream.js';
import type { LoadClient, LoadClientObserver, LoadClientSettings, LoadClientState } from './load-client.js';
import { reportedFailure } from './reported-failure.js';
import { namedIn, type ServerName } from './server-name.js';
import { type RepeatedInHeaders, requestHeaders, requestMeta } from './stateless-message.js';
import { connectionFailure } from './streamable-wire.js';
import { allTools } from './tool-pages.js';
import { withDeadline } from './with-deadline.js';

/** The operation under which messages are counted that no request waits for. */
const UNASKED = 'unasked message';

const LISTEN = 'subscriptions/listen';

/** What the `_meta` of each request has; this client has no capability. */
export function callMeta(version: string): Readonly<Record<string, unknown>> {
  return requestMeta({ name: 'bulkhead-load', version }, {});
}

export class StatelessClient implements LoadClient, ListenStreamOwner {
  calls = 0;
  readonly #settings: LoadClientSettings;
  readonly #number: number;
  readonly #observer: LoadClientObserver;
  readonly dispatcher: Pool;
  readonly #path: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #meta: Readonly<Record<string, unknown>>;
  readonly #awaited = new AwaitedAnswers();
  readonly #exchanges = new Map<string, Exchange>();
  #listening: ListenStream | undefined;
  #state: LoadClientState = 'new';
  #server: ServerName | undefined;
  #requests = 0;
  #whenCalm: (() => void) | undefined;

  constructor(settings: LoadClientSettings, number: number, observer: LoadClientObserver) {
    const { url, plan, version } = settings;
    this.#settings = settings;
    this.#number = number;
    this.#observer = observer;
    // One connection for each concurrent request; the deadlines of the requests limit every wait.
    this.dispatcher = new Pool(url.origin, { headersTimeout: 0, bodyTimeout: 0 });
    this.#path = url.pathname + url.search;
    this.#headers = plan.headers;
    this.#meta = callMeta(version);
  }

  get state(): LoadClientState {
    return this.#state;
  }

  get server(): ServerName | undefined {
    return this.#server;
  }

  /** `server/discover`, then `tools/list`, and `subscriptions/listen` if `listen` is set. */
  async open(listen: boolean): Promise<void> {
    await this.ping();
    this.#state = 'open';
    await Promise.all([this.#request('tools/list', {}), listen ? this.#listen() : undefined]);
  }

  tools(): Promise<readonly ListedTool[]> {
    return allTools((params) => this.#request('tools/list', { ...params }));
  }

  async call(template: CallTemplate): Promise<Answer> {
    this.calls += 1;
    const token = this.#nextToken();
    const body = template.body(token, token, this.calls);
    const answer = await this.#send(token, template.repeated(body), body);
    if (isToolError(answer.result)) throw new LoadFailure('tool', excerpt(JSON.stringify(answer.result)));
    return answer;
  }

  async ping(): Promise<void> {
    const result = await this.#request('server/discover', {});
    const { _meta: meta } = (result ?? {}) as { _meta?: Readonly<Record<string, unknown>> | null };
    this.#server = namedIn(meta?.[META.serverInfo]);
  }

  async end(): Promise<void> {
    if (this.#state !== 'open' && this.#state !== 'new') return this.drop();
    this.#state = 'leaving';
    if (this.#awaited.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenCalm = resolve;
      });
    }
    await this.discard();
  }

  async drop(): Promise<void> {
    this.#state = 'dropped';
    this.#awaited.failAll(new LoadFailure('connection', 'the client has left'));
    await this.discard();
  }

  async discard(): Promise<void> {
    this.#listening?.close();
    await this.dispatcher.destroy();
  }

  async #request(method: string, params: object): Promise<unknown> {
    const token = this.#nextToken();
    const startMs = performance.now();
    try {
      const { result, atMs } = await this.#send(token, { method }, this.#body(token, method, params));
      this.#observer.onAnswered(method, atMs - startMs);
      return result;
    } catch (error) {
      throw reportedFailure(this, this.#observer, method, error);
    }
  }

  /** @throws {LoadFailure} */
  async #send(token: string, repeated: RepeatedInHeaders, body: string): Promise<Answer> {
    const { timeoutMs, readBytesPerSecond } = this.#settings.plan;
    // To close the response is to cancel the request (2026-07-28, Transports, "Cancellation").
    const answered = this.#awaited.expect(token, timeoutMs, () => {
      this.#exchanges.get(token)?.abort(new Error('nobody waits for the answer any more'));
      this.#calm();
    });
    const sent = exchange(
      this.dispatcher,
      { ...this.#post(repeated, body), readBytesPerSecond },
      {
        onEvent: ({ data }: EventSourceMessage) => {
          if (data !== '') this.#take(token, data, true);
        },
        onEnd: ({ status, eventStream }, text) => {
          this.#exchanges.delete(token);
          if (status !== 200) this.#fail(token, statusFailure(status, text, false));
          else if (!eventStream && text !== '') this.#take(token, text, false);
          this.#fail(token, new LoadFailure('no answer', 'the response ended without an answer'));
        },
        onFailed: (error) => {
          this.#exchanges.delete(token);
          this.#fail(token, connectionFailure(error));
        },
      },
    );
    this.#exchanges.set(token, sent);
    return answered;
  }

  /** A message in the response to the request with this token. */
  #take(token: string, text: string, eventStream: boolean): void {
    const came = { eventStream, atMs: performance.now() };
    const foreign = this.foreign(text, token);
    if (foreign !== undefined) {
      const failure = new LoadFailure('contaminated', `${token} got what is ${foreign}'s: ${excerpt(text)}`);
      this.#settle(token, failure);
      return;
    }
    let message: IncomingMessage;
    try {
      message = JSON.parse(text) as IncomingMessage;
    } catch {
      this.#settle(token, new LoadFailure('invalid', `not JSON: ${excerpt(text)}`));
      return;
    }
    if (typeof message.method === 'string' && message.id === undefined) return;
    if (typeof message.method === 'string') {
      this.#settle(token, new LoadFailure('invalid', `a request of the server: ${excerpt(text)}`));
    } else if (message.id !== token) {
      this.#settle(token, new LoadFailure('wrong id', excerpt(text)));
    } else {
      this.#settle(token, completeOnly(outcomeOf(message, text, came), text));
    }
  }

  /** The first outcome counts. What comes after it, or belongs to no request, is reported. */
  #settle(token: string, outcome: Answer | LoadFailure): void {
    const stray = this.#awaited.take(token, outcome);
    if (stray !== undefined && this.#state !== 'dropped') {
      this.#observer.onFailure(UNASKED, outcome instanceof LoadFailure ? outcome : stray);
    }
    this.#calm();
  }

  /** Does nothing if the request has been answered. */
  #fail(token: string, failure: LoadFailure): void {
    this.#awaited.fail(token, failure);
    this.#calm();
  }

  #calm(): void {
    if (this.#awaited.size === 0) this.#whenCalm?.();
  }

  async #listen(): Promise<void> {
    const startMs = performance.now();
    this.#listening = new ListenStream(this);
    try {
      await withDeadline(this.#listening.open(), this.#settings.plan.timeoutMs, LISTEN);
      this.#observer.onAnswered(LISTEN, performance.now() - startMs);
    } catch (error) {
      throw reportedFailure(this, this.#observer, LISTEN, error);
    }
  }

  listenRequest(params: object): { readonly id: string; readonly request: HttpRequest } {
    const id = this.#nextToken();
    const body = this.#body(id, LISTEN, params);
    return { id, request: this.#post({ method: LISTEN }, body) };
  }

  foreign(text: string, id: string): string | undefined {
    return this.#settings.tokens.foreign(text, id);
  }

  onListenFailure(failure: LoadFailure): void {
    reportedFailure(this, this.#observer, LISTEN, failure);
  }

  onListenClosed(): void {
    if (this.#state === 'open') this.#observer.onStreamClosed();
  }

  #body(id: string, method: string, params: object): string {
    return JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: this.#meta } });
  }

  #post(repeated: RepeatedInHeaders, body: string): HttpRequest {
    const headers = { ...this.#headers, ...requestHeaders(repeated) };
    return { method: 'POST', path: this.#path, headers, body };
  }

  #nextToken(): string {
    this.#requests += 1;
    return this.#settings.tokens.of(this.#number, this.#requests);
  }
}

/** Every result says of which type it is (2026-07-28, Base Protocol, "Results"); this client cannot be asked for input. */
function completeOnly(outcome: Answer | LoadFailure, text: string): Answer | LoadFailure {
  if (outcome instanceof LoadFailure) return outcome;
  const { resultType } = (outcome.result ?? {}) as { resultType?: unknown };
  if (resultType === 'complete') return outcome;
  return new LoadFailure('invalid', `not a complete result: ${excerpt(text)}`);
}
