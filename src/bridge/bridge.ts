/**
 * `bulkhead bridge`: a client that speaks stdio on one side, a Streamable HTTP server on the other.
 *
 * - Messages go to the server one after the other: the next is sent when the server has the one before. Answers come back
 *   as they come.
 * - Nothing is parsed more than it takes to know what a message is, and each is passed on as it came.
 * - At most 64 requests are in flight; further ones wait here, then on the client's pipe. A client that does not read
 *   makes the server wait.
 * - A lost session is opened anew (`server-session.ts`), a broken stream is resumed (`request-in-flight.ts`,
 *   `listening.ts`).
 */
import type { Readable, Writable } from 'node:stream';
import {
  type Envelope,
  fieldsOf,
  type NotificationEnvelope,
  type RequestEnvelope,
  type ResponseEnvelope,
  readEnvelopes,
} from '../protocol/envelope.js';
import { errorResponse, JSON_RPC } from '../protocol/json-rpc-error.js';
import type { Fields } from '../shared/fields.js';
import { INITIALIZED } from '../shared/initialized.js';
import { MAX_LINE_BYTES } from '../shared/line-buffer.js';
import type { RequestId } from '../shared/request-id.js';
import { LineWriter } from '../transports/stdio/line-writer.js';
import { type Line, readLines } from '../transports/stdio/read-lines.js';
import { bridgeError, refusedBy } from './bridge-error.js';
import { Endpoint, type EndpointOptions } from './endpoint.js';
import { ExchangeFailed } from './http-exchange.js';
import { Listening } from './listening.js';
import { OutgoingQueue } from './outgoing-queue.js';
import { RequestInFlight, type RequestOwner } from './request-in-flight.js';
import { POST_HEADERS, ServerSession, type SessionOwner } from './server-session.js';
import { ToolsSeen } from './tools-seen.js';

/** As many as a session of Bulkhead takes by default. */
const MAX_IN_FLIGHT = 64;
/** Requests of the server that the client has not answered. */
const MAX_ASKED = 1_000;
/** How long answers may take after the client has closed its end. */
const FINISH_MS = 10_000;
/** How long the client may take to read the last answers. */
const FLUSH_MS = 1_000;

export interface BridgeOptions extends EndpointOptions {
  readonly input: Readable;
  readonly output: Writable;
  /** Reports to the user, a sentence at a time. */
  readonly warn: (message: string) => void;
  /** How long answers may take after the client has closed its end, in milliseconds; by default 10 s. */
  readonly finishMs?: number | undefined;
}

export class Bridge implements RequestOwner, SessionOwner {
  readonly endpoint: Endpoint;
  readonly session: ServerSession;
  readonly warn: (message: string) => void;
  readonly #options: BridgeOptions;
  readonly #client: LineWriter;
  readonly #queue = new OutgoingQueue();
  readonly #listening: Listening;
  readonly #tools = new ToolsSeen();
  readonly #inFlight = new Map<RequestId, RequestInFlight>();
  readonly #running = new Set<Promise<void>>();
  /** What the server asked the client, and in which session. */
  readonly #asked = new Map<RequestId, number>();
  readonly #stopping = new AbortController();

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.warn = options.warn;
    this.endpoint = new Endpoint(options);
    this.session = new ServerSession(this.endpoint, this);
    this.#listening = new Listening(this.endpoint, this.session, (text, generation) =>
      this.deliver(text, generation),
    );
    this.#client = new LineWriter(options.output);
    // Nobody is left to answer to.
    this.#client.owner = { onDrain: () => {}, onClose: () => this.stop() };
  }

  /** Resolves when the client is gone, or `stop` was called, and the session has ended. */
  async run(): Promise<void> {
    const sending = this.#send();
    await Promise.race([this.#read(), this.#stopped()]);
    this.#queue.close();
    const finishing = setTimeout(() => this.stop(), this.#options.finishMs ?? FINISH_MS);
    await Promise.race([sending.then(() => Promise.all(this.#running)), this.#stopped()]);
    clearTimeout(finishing);
    await this.#finish();
  }

  /** Ends it without waiting for answers. */
  stop(): void {
    this.#stopping.abort();
  }

  mayRepeat(request: RequestEnvelope): boolean {
    return this.#tools.mayRepeat(request);
  }

  async deliver(text: string, generation: number): Promise<void> {
    let envelopes: readonly Envelope[];
    try {
      envelopes = readEnvelopes(text);
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
      this.warn(`a message of ${this.endpoint.address} was skipped: ${error.message}.`);
      return;
    }
    for (const envelope of envelopes) {
      if (!this.#passes(envelope, generation)) continue;
      await this.#tellClient(envelope.text);
    }
  }

  async answer(request: RequestInFlight, body: string): Promise<void> {
    request.answered();
    await this.#tellClient(body);
  }

  async onRenewed(capabilities: Fields): Promise<void> {
    const { generation } = this.session;
    for (const [id, asked] of this.#asked) {
      if (asked === generation) continue;
      this.#asked.delete(id);
      const params = { requestId: id, reason: 'The session of the server that asked is over.' };
      await this.#tellClient(notification('notifications/cancelled', params));
    }
    // The server may have been started again with other tools.
    for (const list of ['tools', 'prompts', 'resources']) {
      if (fieldsOf(capabilities[list]).listChanged !== true) continue;
      await this.#tellClient(notification(`notifications/${list}/list_changed`));
    }
    this.#listening.start();
  }

  /** Whether the client is to have the message. */
  #passes(envelope: Envelope, generation: number): boolean {
    if (envelope.kind === 'request') {
      if (this.#asked.size >= MAX_ASKED) this.#asked.delete([...this.#asked.keys()][0] ?? '');
      this.#asked.set(envelope.id, generation);
    }
    if (envelope.kind === 'notification' && envelope.method === 'notifications/cancelled') {
      this.#asked.delete(envelope.params.requestId as RequestId);
    }
    return envelope.kind !== 'response' || this.#settles(envelope);
  }

  #settles(response: ResponseEnvelope): boolean {
    const request = response.id === undefined ? undefined : this.#inFlight.get(response.id);
    // Answered before, or cancelled.
    if (request === undefined || request.settled) return false;
    const { error, result } = response;
    if (error !== undefined && fieldsOf(error.data).reason === 'stream_lost') {
      request.lostBy(String(error.message));
      return false;
    }
    const { envelope } = request;
    if (result !== undefined && request.claimed === undefined) {
      if (envelope.method === 'initialize') this.session.opened(envelope, result, request.sessionId);
      else this.session.answered(envelope);
    }
    if (envelope.method === 'tools/list') this.#tools.learn(result);
    request.answered();
    return true;
  }

  async #tellClient(text: string): Promise<void> {
    if (!this.#client.write(text)) await this.#client.ready();
  }

  async #read(): Promise<void> {
    for await (const line of readLines(this.#options.input)) {
      await this.#queue.room();
      await this.#received(line);
    }
  }

  async #received(line: Line): Promise<void> {
    if (line.kind !== 'text') {
      const why =
        line.kind === 'too-long' ? `a line may have ${MAX_LINE_BYTES} bytes` : 'the line is not UTF-8';
      return this.#tellClient(errorResponse(null, JSON_RPC.parseError, `Parse error: ${why}`));
    }
    let envelopes: readonly Envelope[];
    try {
      envelopes = readEnvelopes(line.text);
    } catch (error) {
      const [code, name] =
        error instanceof SyntaxError
          ? [JSON_RPC.parseError, 'Parse error: Invalid JSON']
          : [JSON_RPC.invalidRequest, 'Invalid Request'];
      if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
      return this.#tellClient(errorResponse(null, code, `${name}: ${error.message}`));
    }
    for (const envelope of envelopes) {
      if (!this.#cancelsWaiting(envelope)) this.#queue.push(envelope);
    }
  }

  /** A request that the server does not have needs no cancellation there. */
  #cancelsWaiting(envelope: Envelope): boolean {
    const id = cancelledBy(envelope);
    if (id === undefined) return false;
    if (this.#queue.remove(id)) return true;
    const request = this.#inFlight.get(id);
    if (request === undefined || request.written) return false;
    request.abandon();
    return true;
  }

  async #send(): Promise<void> {
    for (;;) {
      const envelope = await this.#queue.next(() => this.#inFlight.size < MAX_IN_FLIGHT);
      if (envelope === undefined) return;
      if (envelope.kind !== 'request') {
        await this.#tellServer(envelope);
        continue;
      }
      await new Promise<void>((resolve) => {
        const running = this.#request(envelope, resolve).finally(() => this.#running.delete(running));
        this.#running.add(running);
        void running.then(resolve);
      });
    }
  }

  async #request(envelope: RequestEnvelope, onTaken: () => void): Promise<void> {
    const { id } = envelope;
    if (this.#inFlight.has(id)) {
      const message = `Request id ${JSON.stringify(id)} is in flight already. Give each request an id of its own.`;
      return this.#tellClient(bridgeError(id, 'duplicate_id', message));
    }
    const request = new RequestInFlight(envelope, this);
    this.#inFlight.set(id, request);
    await request.run(onTaken);
    this.#inFlight.delete(id);
    this.#queue.changed();
  }

  /** Sends what has no answer. */
  async #tellServer(envelope: NotificationEnvelope | ResponseEnvelope): Promise<void> {
    const id = cancelledBy(envelope);
    const cancelled = id === undefined ? undefined : this.#inFlight.get(id);
    // In 2026-07-28 a request is cancelled by closing its stream.
    if (cancelled?.claimed !== undefined) return cancelled.abandon();
    if (envelope.kind === 'response' && !this.#isWanted(envelope)) return;
    await this.#post(envelope);
    cancelled?.abandon();
    if (envelope.kind === 'notification' && envelope.method === INITIALIZED) {
      this.#listening.start();
    }
  }

  /** Whether the session that asked is still there. */
  #isWanted({ id }: ResponseEnvelope): boolean {
    if (id === undefined) return false;
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    return asked === this.session.generation;
  }

  async #post(envelope: NotificationEnvelope | ResponseEnvelope): Promise<void> {
    const ending = new AbortController();
    const abort = (): void => ending.abort();
    this.#stopping.signal.addEventListener('abort', abort, { once: true });
    let { generation } = this.session;
    const request = () => {
      generation = this.session.generation;
      const headers = { ...POST_HEADERS, ...this.session.headers() };
      return { method: 'POST', headers, body: envelope.text } as const;
    };
    try {
      await this.session.settled();
      const { exchange, head } = await this.endpoint.reach(request, ending.signal);
      exchange.abort();
      // What was said in the lost session means nothing in the next one.
      if (head.status === 404 && this.session.named) await this.session.renew(generation);
      else if (head.status > 299) this.warn(refusedBy(this.endpoint.address, head, nameOf(envelope)));
    } catch (error) {
      if (!(error instanceof ExchangeFailed)) throw error;
      this.warn(`${nameOf(envelope)} did not reach ${this.endpoint.address}: ${error.message}.`);
    } finally {
      this.#stopping.signal.removeEventListener('abort', abort);
    }
  }

  #stopped(): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  async #finish(): Promise<void> {
    this.#queue.clear();
    this.#listening.close();
    for (const request of this.#inFlight.values()) {
      if (!request.settled && !this.#client.closed) {
        const message = 'The bridge ends. The request may have been carried out.';
        this.#client.write(bridgeError(request.envelope.id, 'bridge_ends', message));
      }
      request.abandon();
    }
    await this.session.end();
    await this.#client.flush(FLUSH_MS);
    this.#client.release();
    this.#options.input.destroy();
    await this.endpoint.destroy();
  }
}

function cancelledBy(envelope: Envelope): RequestId | undefined {
  if (envelope.kind !== 'notification' || envelope.method !== 'notifications/cancelled') return undefined;
  const { requestId } = envelope.params;
  return typeof requestId === 'string' || typeof requestId === 'number' ? requestId : undefined;
}

function nameOf(envelope: NotificationEnvelope | ResponseEnvelope): string {
  return envelope.kind === 'response' ? `the answer to ${JSON.stringify(envelope.id)}` : envelope.method;
}

function notification(method: string, params?: Fields): string {
  return JSON.stringify({ jsonrpc: '2.0', method, ...(params !== undefined && { params }) });
}
