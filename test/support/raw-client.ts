/**
 * A small MCP client over `node:http` and `node:https` for tests. It sends exactly what it is told, shows every header, event and
 * comment, and can destroy any socket at any moment. It retries nothing and checks nothing.
 */
import {
  Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
} from 'node:http';
import { Agent as TlsAgent, type AgentOptions as TlsOptions, request as tlsRequest } from 'node:https';
import { DEADLINE_MS, withDeadline } from './deadline.js';
import { SseReader } from './sse-reader.js';

export type RequestId = string | number;

export interface JsonRpcMessage {
  readonly jsonrpc: '2.0';
  readonly id?: RequestId | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** `undefined` removes a header that the client would otherwise send. */
export type RawHeaders = Readonly<Record<string, string | undefined>>;

export interface RawClientOptions {
  /** Sent with every request, in place of the client's own headers. */
  readonly headers?: RawHeaders;
  /** For `https:`: what it trusts, and its own certificate. */
  readonly tls?: TlsOptions;
}

export interface CallOptions {
  readonly id?: RequestId;
  readonly progressToken?: string | number;
  readonly headers?: RawHeaders;
  readonly deadlineMs?: number;
}

export const LATEST_PROTOCOL_VERSION = '2025-11-25';

/** An HTTP response whose body is read only on request: until then the client is a slow reader. */
export class RawResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly incoming: IncomingMessage;
  #reader: SseReader | undefined;
  #text: Promise<string> | undefined;

  constructor(incoming: IncomingMessage) {
    this.incoming = incoming;
    this.status = incoming.statusCode ?? 0;
    this.headers = incoming.headers;
    // A body that nobody reads may end early; a reader receives the error.
    incoming.on('error', () => undefined);
  }

  get isEventStream(): boolean {
    return this.headers['content-type']?.startsWith('text/event-stream') ?? false;
  }

  /** The body as an SSE stream; the same reader each time. */
  get stream(): SseReader {
    if (!this.isEventStream) {
      throw new Error(`Not an SSE stream: ${this.status} ${String(this.headers['content-type'])}.`);
    }
    this.#reader ??= new SseReader(this.incoming);
    return this.#reader;
  }

  async text(): Promise<string> {
    this.#text ??= withDeadline(readAll(this.incoming), 'the whole response body');
    return this.#text;
  }

  /** The body as one JSON-RPC message. */
  async json(): Promise<JsonRpcMessage> {
    return JSON.parse(await this.text()) as JsonRpcMessage;
  }

  /** The messages of the whole body as they were written. On a slow machine an answer may be a stream instead of JSON. */
  async messageTexts(): Promise<string> {
    const text = await this.text();
    if (!this.isEventStream) return text;
    const messages = text.matchAll(/^data: (\{.*)$/gm);
    return Array.from(messages, ([, message]) => message).join('\n');
  }

  /** The response for that request id, from a JSON body or from the stream. */
  async answer(id: RequestId, deadlineMs = DEADLINE_MS): Promise<JsonRpcMessage> {
    if (!this.isEventStream) return this.json();
    return this.stream.message(
      (message) => message.id === id && message.method === undefined,
      `the response for request ${JSON.stringify(id)}`,
      deadlineMs,
    );
  }
}

/** A request in progress: its response can be awaited, and its socket destroyed before or after that. */
export class Exchange {
  readonly request: ClientRequest;
  /** Resolves with the response's headers. */
  readonly response: Promise<RawResponse>;

  constructor(outgoing: ClientRequest) {
    this.request = outgoing;
    this.response = new Promise((resolve, reject) => {
      outgoing.on('response', (incoming) => resolve(new RawResponse(incoming)));
      outgoing.on('error', reject);
      outgoing.on('close', () => reject(new Error('The connection closed before the response.')));
    });
    // If the socket is destroyed on purpose, nobody awaits the response.
    this.response.catch(() => undefined);
  }

  destroy(): void {
    this.request.destroy();
  }
}

export class RawClient {
  /** `Mcp-Session-Id` of the opened session, sent with every request. */
  sessionId: string | undefined;
  /** `MCP-Protocol-Version` after negotiation, sent with every request. */
  protocolVersion: string | undefined;
  readonly url: URL;
  readonly agent: Agent;
  readonly #headers: RawHeaders;
  #lastId = 0;

  constructor(url: URL | string, options: RawClientOptions = {}) {
    this.url = new URL(url);
    this.#headers = options.headers ?? {};
    this.agent =
      this.url.protocol === 'https:'
        ? new TlsAgent({ keepAlive: true, ...options.tls })
        : new Agent({ keepAlive: true });
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Sends one HTTP request and returns at once. `body` is sent unchanged. */
  exchange(
    method: string,
    body: string | Buffer | undefined,
    headers: RawHeaders = {},
    url = this.url,
  ): Exchange {
    const all: RawHeaders = {
      accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      'content-type': body === undefined ? undefined : 'application/json',
      'content-length': body === undefined ? undefined : String(Buffer.byteLength(body)),
      'mcp-session-id': this.sessionId,
      'mcp-protocol-version': this.protocolVersion,
      ...this.#headers,
      ...headers,
    };
    const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const send = url.protocol === 'https:' ? tlsRequest : request;
    const outgoing = send(url, { method, agent: this.agent, headers: Object.fromEntries(given) });
    outgoing.end(body);
    return new Exchange(outgoing);
  }

  /** Like `exchange`, but waits for the response's headers. */
  async send(
    method: string,
    body?: string | Buffer,
    headers: RawHeaders = {},
    url = this.url,
  ): Promise<RawResponse> {
    return withDeadline(
      this.exchange(method, body, headers, url).response,
      `response headers for ${method} ${url.pathname}`,
    );
  }

  /** POSTs a message, a batch, or a string unchanged. */
  async post(message: object | string, headers: RawHeaders = {}): Promise<RawResponse> {
    return this.send('POST', typeof message === 'string' ? message : JSON.stringify(message), headers);
  }

  /** Opens the session's GET stream, or resumes the stream of `lastEventId`. */
  async get(headers: RawHeaders = {}, lastEventId?: string): Promise<RawResponse> {
    return this.send('GET', undefined, {
      ...headers,
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    });
  }

  async delete(headers: RawHeaders = {}): Promise<RawResponse> {
    return this.send('DELETE', undefined, headers);
  }

  /** Sends `initialize` and `notifications/initialized`; remembers the session id and the negotiated version. */
  async initialize(
    protocolVersion = LATEST_PROTOCOL_VERSION,
    capabilities: Record<string, unknown> = {},
  ): Promise<JsonRpcMessage> {
    const id = this.nextId();
    const response = await this.post(initializeRequest(id, protocolVersion, capabilities));
    const answer = await response.answer(id);
    if (response.status !== 200 || !answer.result) {
      throw new Error(`initialize failed: ${response.status} ${JSON.stringify(answer)}`);
    }
    this.sessionId = response.headers['mcp-session-id'] as string | undefined;
    this.protocolVersion = String(answer.result.protocolVersion);
    await this.notify('notifications/initialized');
    return answer;
  }

  /** POSTs a notification. @throws {Error} unless it is answered 202. */
  async notify(method: string, params?: Record<string, unknown>): Promise<void> {
    await this.#accepted({ jsonrpc: '2.0', method, ...(params && { params }) });
  }

  /** POSTs the answer to a request of the server. @throws {Error} unless it is answered 202. */
  async respond(id: RequestId, result: Record<string, unknown>): Promise<void> {
    await this.#accepted({ jsonrpc: '2.0', id, result });
  }

  /** POSTs any request and waits for its response. */
  async ask(
    method: string,
    params?: Record<string, unknown>,
    options: CallOptions = {},
  ): Promise<JsonRpcMessage> {
    const id = options.id ?? this.nextId();
    const response = await this.post(
      { jsonrpc: '2.0', id, method, ...(params && { params }) },
      options.headers,
    );
    return response.answer(id, options.deadlineMs);
  }

  /** Calls a tool and waits for its response. */
  async call(
    name: string,
    args: Record<string, unknown> = {},
    options: CallOptions = {},
  ): Promise<JsonRpcMessage> {
    const { id, exchange } = this.startCall(name, args, options);
    const response = await withDeadline(
      exchange.response,
      `response headers of the call of '${name}'`,
      options.deadlineMs,
    );
    return response.answer(id, options.deadlineMs);
  }

  /** Calls a tool and returns the exchange at once. */
  startCall(
    name: string,
    args: Record<string, unknown> = {},
    options: CallOptions = {},
  ): { readonly id: RequestId; readonly exchange: Exchange } {
    const id = options.id ?? this.nextId();
    const body = JSON.stringify(toolCall(id, name, args, options.progressToken));
    return { id, exchange: this.exchange('POST', body, options.headers) };
  }

  /** Calls a tool whose answer becomes an SSE stream, and returns the open stream. */
  async openCall(
    name: string,
    args: Record<string, unknown> = {},
    options: CallOptions = {},
  ): Promise<{ readonly id: RequestId; readonly exchange: Exchange; readonly stream: SseReader }> {
    const { id, exchange } = this.startCall(name, args, options);
    const response = await withDeadline(exchange.response, `response headers of the call of '${name}'`);
    return { id, exchange, stream: response.stream };
  }

  /** Destroys every socket of this client, as a client process that dies does. */
  destroy(): void {
    this.agent.destroy();
  }

  async #accepted(message: JsonRpcMessage): Promise<void> {
    const response = await this.post(message);
    const body = await response.text();
    if (response.status !== 202)
      throw new Error(`Expected 202 for ${JSON.stringify(message)}: ${response.status} ${body}`);
  }
}

/** `initialize` as a client of that version sends it. */
export function initializeRequest(
  id: RequestId,
  protocolVersion = LATEST_PROTOCOL_VERSION,
  capabilities: Record<string, unknown> = {},
): JsonRpcMessage {
  const clientInfo = { name: 'raw-client', version: '1.0.0' };
  return { jsonrpc: '2.0', id, method: 'initialize', params: { protocolVersion, capabilities, clientInfo } };
}

/** `tools/call` of that tool. */
export function toolCall(
  id: RequestId,
  name: string,
  args: Record<string, unknown> = {},
  progressToken?: string | number,
): JsonRpcMessage {
  const meta = progressToken === undefined ? {} : { _meta: { progressToken } };
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args, ...meta } };
}

/** The text of a tool's result: its first content block. */
export function textOf(answer: JsonRpcMessage): string {
  const content = answer.result?.content as { text?: string }[] | undefined;
  const text = content?.[0]?.text;
  if (text === undefined) throw new Error(`No text in ${JSON.stringify(answer)}.`);
  return text;
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  incoming.setEncoding('utf8');
  let text = '';
  for await (const part of incoming) text += String(part);
  return text;
}
