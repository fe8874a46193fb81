/** A raw client of the legacy HTTP+SSE transport (2024-11-05): one GET stream, POSTs beside it. */
import { type Gateway, rawClient, sseUrl } from './gateway.js';
import {
  initializeRequest,
  type JsonRpcMessage,
  type RawClient,
  type RawResponse,
  toolCall,
} from './raw-client.js';
import type { SseReader } from './sse-reader.js';

export class LegacyClient {
  /** The address for POSTed messages, from the `endpoint` event. */
  readonly endpoint: URL;
  readonly stream: SseReader;
  readonly #http: RawClient;

  private constructor(http: RawClient, stream: SseReader, endpoint: URL) {
    this.#http = http;
    this.stream = stream;
    this.endpoint = endpoint;
  }

  /** Opens the stream and waits for its `endpoint` event. */
  static async open(gateway: Pick<Gateway, 'url'>, url = sseUrl(gateway)): Promise<LegacyClient> {
    return LegacyClient.over(rawClient(gateway), url);
  }

  /** As `open`, with a client that the caller has made, and destroys. */
  static async over(http: RawClient, url: URL): Promise<LegacyClient> {
    const { stream } = await http.send('GET', undefined, {}, url);
    const { data } = await stream.next(({ event }) => event === 'endpoint', "the 'endpoint' event");
    return new LegacyClient(http, stream, new URL(data ?? '', url));
  }

  /** As `open`, with `initialize` and `notifications/initialized` done. */
  static async connect(
    gateway: Pick<Gateway, 'url'>,
    capabilities: Record<string, unknown> = {},
    url = sseUrl(gateway),
  ): Promise<LegacyClient> {
    const client = await LegacyClient.open(gateway, url);
    await client.initialize(capabilities);
    return client;
  }

  /** Sends `initialize` and `notifications/initialized`. */
  async initialize(capabilities: Record<string, unknown> = {}): Promise<void> {
    await this.ask(initializeRequest('initialize', '2024-11-05', capabilities));
    await this.accepted({ jsonrpc: '2.0', method: 'notifications/initialized' });
  }

  get sessionId(): string {
    return this.endpoint.searchParams.get('sessionId') ?? '';
  }

  async post(message: object | string, endpoint = this.endpoint): Promise<RawResponse> {
    return this.#http.send(
      'POST',
      typeof message === 'string' ? message : JSON.stringify(message),
      {},
      endpoint,
    );
  }

  /** POSTs a message. @throws {Error} unless it is answered 202. */
  async accepted(message: object): Promise<void> {
    const response = await this.post(message);
    const body = await response.text();
    if (response.status !== 202) throw new Error(`Expected 202: ${response.status} ${body}`);
  }

  /** POSTs a request and waits for its response on the stream. */
  async ask(request: JsonRpcMessage): Promise<JsonRpcMessage> {
    await this.accepted(request);
    return this.stream.message(
      (message) => message.id === request.id && message.method === undefined,
      `the response for ${JSON.stringify(request.id)}`,
    );
  }

  async call(id: string, name: string, args: Record<string, unknown> = {}): Promise<JsonRpcMessage> {
    return this.ask(toolCall(id, name, args));
  }
}
