/**
 * One MCP client: it opens a session, calls tools in it, holds a stream and ends the session. It checks that each
 * answer belongs to it, and reports to its observer what it sends and receives.
 */

import { INITIALIZED_NOTIFICATION } from '../../src/shared/initialized.js';
import type { ListedTool } from '../mix.js';
import { type Answer, AwaitedAnswers } from './awaited-answers.js';
import type { CallTemplate } from './call-template.js';
import { excerpt, LoadFailure } from './failure-kind.js';
import { type IncomingMessage, isToolError, outcomeOf } from './incoming-message.js';
import type { LoadClient, LoadClientObserver, LoadClientSettings, LoadClientState } from './load-client.js';
import { reportedFailure } from './reported-failure.js';
import { namedIn, type ServerName } from './server-name.js';
import { SseWire } from './sse-wire.js';
import { StreamableWire } from './streamable-wire.js';
import { allTools } from './tool-pages.js';
import type { Wire, WireListener } from './wire.js';
import { withDeadline } from './with-deadline.js';

/** How long ending the session may take. */
const FAREWELL_MS = 5_000;

/** The operation under which messages are counted that no request waits for. */
const UNASKED = 'unasked message';

/** The operation under which answers to the server's own requests are counted. */
const RESPONSE = 'response to the server';

const METHOD_NOT_FOUND = -32_601;

export class ClientSession implements LoadClient, WireListener {
  readonly token: string;
  /** Calls that were started. */
  calls = 0;
  readonly #settings: LoadClientSettings;
  readonly #observer: LoadClientObserver;
  readonly #wire: Wire;
  readonly #awaited = new AwaitedAnswers();
  #state: LoadClientState = 'new';
  #server: ServerName | undefined;
  #lastId = 0;
  #whenCalm: (() => void) | undefined;

  constructor(settings: LoadClientSettings, number: number, observer: LoadClientObserver) {
    this.#settings = settings;
    this.#observer = observer;
    this.token = settings.tokens.of(number);
    const { headers, transport, readBytesPerSecond } = settings.plan;
    const options = { url: settings.url, headers, readBytesPerSecond };
    this.#wire = transport === 'sse' ? new SseWire(options, this) : new StreamableWire(options, this);
  }

  get state(): LoadClientState {
    return this.#state;
  }

  get server(): ServerName | undefined {
    return this.#server;
  }

  get inFlight(): number {
    return this.#awaited.size;
  }

  /**
   * Opens the session as a real client does: `initialize`, `notifications/initialized`, then `tools/list`, and the GET
   * stream if `listen` is set.
   * @throws {LoadFailure} if the session cannot be used
   */
  async open(listen: boolean): Promise<void> {
    const method = this.#settings.plan.transport === 'sse' ? 'GET' : 'initialize';
    try {
      await withDeadline(this.#wire.connect(), this.#settings.plan.timeoutMs, 'the event stream');
    } catch (error) {
      throw reportedFailure(this, this.#observer, method, error);
    }
    const { protocolVersion } = this.#settings.plan;
    const { result } = await this.#request('initialize', {
      protocolVersion,
      capabilities: {},
      clientInfo: { name: 'bulkhead-load', version: this.#settings.version },
    });
    this.#server = namedIn((result as { serverInfo?: unknown } | null)?.serverInfo);
    this.#wire.useVersion(versionIn(result) ?? protocolVersion);
    await this.#step('notifications/initialized', () => this.#wire.notify(INITIALIZED_NOTIFICATION));
    this.#state = 'open';
    await Promise.all([
      this.#request('tools/list'),
      listen ? this.#step('GET', () => this.#wire.listen()) : undefined,
    ]);
  }

  /** All tools that the server lists. @throws {LoadFailure} */
  tools(): Promise<readonly ListedTool[]> {
    return allTools(async (params) => (await this.#request('tools/list', params)).result);
  }

  /**
   * Calls a tool.
   * @throws {LoadFailure} also if the tool itself reports an error, with the kind `tool`
   */
  async call(template: CallTemplate): Promise<Answer> {
    this.calls += 1;
    const id = this.#nextId();
    const answered = this.#expect(id);
    this.#wire.request(id, template.body(id, this.token, this.calls));
    const answer = await answered;
    if (isToolError(answer.result)) {
      throw new LoadFailure('tool', excerpt(JSON.stringify(answer.result)));
    }
    return answer;
  }

  /** Asks whether the server still knows the session. */
  async ping(): Promise<void> {
    await this.#request('ping');
  }

  /** Lets calls in flight finish, then ends the session. Failures are reported to the observer. */
  async end(): Promise<void> {
    if (this.#state !== 'open' && this.#state !== 'new') return this.drop();
    this.#state = 'leaving';
    if (this.#awaited.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenCalm = resolve;
      });
    }
    const startMs = performance.now();
    try {
      await withDeadline(this.#wire.end(), FAREWELL_MS, 'DELETE');
      if (this.#settings.plan.transport === 'streamable-http') {
        this.#observer.onAnswered('DELETE', performance.now() - startMs);
      }
    } catch (error) {
      reportedFailure(this, this.#observer, 'DELETE', error);
    } finally {
      await this.#wire.destroy();
    }
  }

  /** Vanishes: cuts all connections. Calls in flight reject, and are not reported. */
  async drop(): Promise<void> {
    this.#state = 'dropped';
    this.#awaited.failAll(new LoadFailure('connection', 'the client has left'));
    await this.#wire.destroy();
  }

  /** Closes what is left of a session that the server has forgotten. */
  async discard(): Promise<void> {
    await this.#wire.destroy();
  }

  onMessage(text: string, eventStream: boolean): void {
    const atMs = performance.now();
    const foreign = this.#settings.tokens.foreign(text, this.token);
    let message: IncomingMessage;
    try {
      message = JSON.parse(text) as IncomingMessage;
    } catch {
      this.#tell(new LoadFailure('invalid', `not JSON: ${excerpt(text)}`));
      return;
    }
    if (typeof message.method === 'string' && foreign === undefined) {
      if (message.id !== undefined) this.#answerServer(message.method, message.id);
      return;
    }
    const outcome: Answer | LoadFailure =
      foreign === undefined
        ? outcomeOf(message, text, { eventStream, atMs })
        : new LoadFailure('contaminated', `${this.token} got what is ${foreign}'s: ${excerpt(text)}`);
    const id = typeof message.id === 'string' ? message.id : undefined;
    const stray = id === undefined ? undefined : this.#awaited.take(id, outcome);
    if (outcome instanceof LoadFailure && (id === undefined || stray !== undefined)) this.#tell(outcome);
    else if (stray !== undefined) this.#tell(stray);
    else if (id === undefined) this.#tell(new LoadFailure('wrong id', excerpt(text)));
    this.#calm();
  }

  onRequestFailed(id: string, failure: LoadFailure): void {
    this.#awaited.fail(id, failure);
    this.#calm();
    if (failure.kind === 'forgotten') this.#forget(failure);
  }

  isWaiting(id: string): boolean {
    return this.#awaited.isWaiting(id);
  }

  onStreamClosed(): void {
    if (this.#state === 'open') this.#observer.onStreamClosed();
  }

  onForgotten(failure: LoadFailure): void {
    if (this.#state === 'open') this.#tell(failure);
    this.#forget(failure);
  }

  /** Calls in flight will not be answered any more. */
  #forget(failure: LoadFailure): void {
    this.#awaited.failAll(failure);
    this.#calm();
    if (this.#state !== 'open') return;
    this.#state = 'forgotten';
    this.#observer.onForgotten(this);
  }

  #calm(): void {
    if (this.#awaited.size === 0) this.#whenCalm?.();
  }

  /** Something arrived that no request waits for. */
  #tell(failure: LoadFailure): void {
    if (this.#state !== 'dropped') this.#observer.onFailure(UNASKED, failure);
  }

  /** Answers the server's own requests: the client is alive, and has no capability. */
  #answerServer(method: string, id: unknown): void {
    const answer =
      method === 'ping'
        ? { jsonrpc: '2.0', id, result: {} }
        : { jsonrpc: '2.0', id, error: { code: METHOD_NOT_FOUND, message: `this client has no ${method}` } };
    this.#step(RESPONSE, () => this.#wire.notify(JSON.stringify(answer))).catch(alreadyReported);
  }

  #expect(id: string): Promise<Answer> {
    return this.#awaited.expect(id, this.#settings.plan.timeoutMs, () => {
      this.#wire.abandon(id);
      this.#calm();
      // `initialize` must not be cancelled (2025-11-25, Cancellation, "Behavior Requirements").
      if (this.#state === 'new') return;
      const cancelled = { requestId: id, reason: 'timeout' };
      const body = { jsonrpc: '2.0', method: 'notifications/cancelled', params: cancelled };
      this.#step('notifications/cancelled', () => this.#wire.notify(JSON.stringify(body))).catch(
        alreadyReported,
      );
    });
  }

  async #request(method: string, params?: object): Promise<Answer> {
    const id = this.#nextId();
    const startMs = performance.now();
    const answered = this.#expect(id);
    this.#wire.request(id, JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    try {
      const answer = await answered;
      this.#observer.onAnswered(method, answer.atMs - startMs);
      return answer;
    } catch (error) {
      throw reportedFailure(this, this.#observer, method, error);
    }
  }

  async #step(method: string, work: () => Promise<void>): Promise<void> {
    const startMs = performance.now();
    try {
      await withDeadline(work(), this.#settings.plan.timeoutMs, method);
      this.#observer.onAnswered(method, performance.now() - startMs);
    } catch (error) {
      throw reportedFailure(this, this.#observer, method, error);
    }
  }

  #nextId(): string {
    this.#lastId += 1;
    return `${this.token}:${this.#lastId}`;
  }
}

/** For failures that have been reported to the observer and have no other consequence. */
function alreadyReported(error: unknown): void {
  if (!(error instanceof LoadFailure)) throw error;
}

function versionIn(result: unknown): string | undefined {
  const version = (result as { protocolVersion?: unknown } | null)?.protocolVersion;
  return typeof version === 'string' ? version : undefined;
}
