/** The client of one test session: the SDK's client over Streamable HTTP, with connections that nobody shares. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { FetchLike, Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { Agent, fetch } from 'undici';
import { capabilitiesOf, type SessionOptions, setHandlers } from './session-options.js';

export interface SessionConnectionOptions extends SessionOptions {
  readonly url: URL;
  readonly token: string | undefined;
}

/** What is sent, as the transport sees it. */
export interface SentMessages {
  /** A request is about to be sent. */
  onRequest(message: { readonly id: string | number; readonly params?: unknown }): void;
  /** The gateway has accepted that a request is cancelled. */
  onCancelled(requestId: unknown): void;
}

export class SessionConnection {
  readonly client: Client;
  readonly #transport: StreamableHTTPClientTransport;
  // A call may be silent for as long as it likes; whoever waits for it has a deadline.
  readonly #agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  #closed: Promise<void> | undefined;

  constructor(options: SessionConnectionOptions, sent: SentMessages) {
    const { url, token, name = 'test', version = '1.0.0', headers } = options;
    this.client = new Client({ name, version }, { capabilities: capabilitiesOf(options) });
    setHandlers(this.client, options);
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#transport = new StreamableHTTPClientTransport(url, {
      requestInit: { headers: { ...authorization, ...headers } },
      fetch: this.#fetch,
      // What breaks a stream in a test is the test.
      reconnectionOptions: {
        initialReconnectionDelay: 10,
        maxReconnectionDelay: 1_000,
        reconnectionDelayGrowFactor: 2,
        maxRetries: 5,
      },
    });
    const send = this.#transport.send.bind(this.#transport);
    this.#transport.send = async (message: JSONRPCMessage, sendOptions) => {
      if ('method' in message && 'id' in message) sent.onRequest(message);
      await send(message, sendOptions);
      if ('method' in message && message.method === 'notifications/cancelled')
        sent.onCancelled(message.params?.requestId);
    };
  }

  /** It has ended, or has vanished. */
  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** @throws what `initialize` was answered */
  async open(timeoutMs: number): Promise<string> {
    // The SDK's optional properties do not allow `undefined`, but its own classes have it.
    await this.client.connect(this.#transport as unknown as Transport, { timeout: timeoutMs });
    const { sessionId } = this.#transport;
    if (sessionId === undefined) throw new Error('The gateway has given the session no id.');
    return sessionId;
  }

  /** Ends the session with DELETE, as a client does that says goodbye. */
  async end(): Promise<void> {
    if (this.#closed !== undefined) return;
    await this.#transport.terminateSession();
    await this.vanish();
  }

  /** Drops all connections, in the middle of whatever they carry. */
  vanish(): Promise<void> {
    this.#closed ??= this.#drop();
    return this.#closed;
  }

  async #drop(): Promise<void> {
    const destroyed = this.#agent.destroy();
    await this.client.close();
    await destroyed;
  }

  /** undici's own, because the global one takes no agent of another version of it. */
  readonly #fetch: FetchLike = (url, init) =>
    fetch(url, {
      ...(init as Parameters<typeof fetch>[1]),
      dispatcher: this.#agent,
    }) as unknown as Promise<Response>;
}
