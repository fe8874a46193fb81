/**
 * The measuring client: one MCP session over Streamable HTTP with as little work of its own as possible. It takes
 * JSON and SSE answers, and checks each answer's id and text; a wrong one fails the run.
 */
import { Client } from 'undici';
import { exchange, type HttpAnswer } from './http-exchange.js';

const PROTOCOL_VERSION = '2025-11-25';
const BASE_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
} as const;

/** Request ids are unique in a session. */
const IDS_PER_LANE = 1_000_000_000;

/** A server answered something else than it was asked for; no figure of such a run counts. */
class WrongAnswerError extends Error {
  constructor(expected: string, answer: HttpAnswer) {
    super(
      `expected ${expected}, got HTTP ${answer.status} ${answer.contentType}: ${answer.body.slice(0, 500)}`,
    );
    this.name = 'WrongAnswerError';
  }
}

interface Response {
  readonly id: number;
  readonly result?: { readonly content?: readonly { readonly text?: string }[]; readonly isError?: boolean };
  readonly error?: { readonly code: number; readonly message: string };
}

/** The response with this id in a JSON answer or among an SSE answer's events. */
function responseIn(answer: HttpAnswer, id: number): Response | undefined {
  if (answer.status !== 200) return undefined;
  if (!answer.contentType.startsWith('text/event-stream')) {
    const message = JSON.parse(answer.body) as Response;
    return message.id === id ? message : undefined;
  }
  for (const line of answer.body.split('\n')) {
    // A priming event's data is empty (2025-11-25, Transports).
    if (!line.startsWith('data: ') || line === 'data: ') continue;
    const message = JSON.parse(line.slice(6)) as Response;
    if (message.id === id) return message;
  }
  return undefined;
}

function call(id: number, tool: string, argument: string): string {
  return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${tool}","arguments":${argument}}}`;
}

export class McpSession {
  readonly id: string;
  readonly #url: URL;
  #calls: Client;
  readonly #headers: Readonly<Record<string, string>>;
  #control: Client | undefined;
  #lastId: number;

  private constructor(url: URL, calls: Client, id: string, firstId = 0) {
    this.#url = url;
    this.#calls = calls;
    this.id = id;
    this.#lastId = firstId;
    this.#headers = { ...BASE_HEADERS, 'mcp-session-id': id, 'mcp-protocol-version': PROTOCOL_VERSION };
  }

  /** Opens a connection and a session on it: `initialize`, then `notifications/initialized`. */
  static async open(url: URL): Promise<McpSession> {
    const client = new Client(url.origin);
    const session = await McpSession.initialize(url, client);
    await session.initialized();
    return session;
  }

  /** `initialize` alone, over a connection that may be open already; `close` closes that connection too. */
  static async initialize(url: URL, client: Client): Promise<McpSession> {
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: {
        protocolVersion: PROTOCOL_VERSION,
        capabilities: {},
        clientInfo: { name: 'bench', version: '1.0.0' },
      },
    });
    const answer = await exchange(client, 'POST', url.pathname, BASE_HEADERS, body);
    if (responseIn(answer, 0)?.result === undefined || answer.sessionId === undefined) {
      throw new WrongAnswerError('a result of initialize and a session id', answer);
    }
    return new McpSession(url, client, answer.sessionId);
  }

  /** The same session over so many connections, this one's among them: as many calls can be in flight. */
  lanes(count: number): McpSession[] {
    const others = Array.from(
      { length: count - 1 },
      (_, lane) =>
        new McpSession(this.#url, new Client(this.#url.origin), this.id, (lane + 1) * IDS_PER_LANE),
    );
    return [this, ...others];
  }

  initialized(): Promise<void> {
    return this.#notify(this.#calls, '{"jsonrpc":"2.0","method":"notifications/initialized"}');
  }

  /** Calls `echo` with a text that no other call has, over the session's own connection. */
  async echo(): Promise<void> {
    const id = ++this.#lastId;
    const text = `${this.id} call ${id} ................................`;
    await this.#call(id, call(id, 'echo', `{"text":"${text}"}`), text);
  }

  /** Calls `spin`, which keeps the server's thread busy for so long, and waits for its answer. */
  async spin(ms: number): Promise<void> {
    const id = ++this.#lastId;
    await this.#call(id, call(id, 'spin', `{"ms":${ms}}`), 'done');
  }

  async listTools(): Promise<void> {
    const id = ++this.#lastId;
    const body = `{"jsonrpc":"2.0","id":${id},"method":"tools/list"}`;
    const answer = await exchange(this.#calls, 'POST', this.#url.pathname, this.#headers, body);
    if (responseIn(answer, id)?.result === undefined) throw new WrongAnswerError('a list of tools', answer);
  }

  /** Drops the connection between calls, as a client does that is long idle; the next call opens another. */
  async rest(): Promise<void> {
    await this.#calls.destroy();
    this.#calls = new Client(this.#url.origin);
  }

  /** Calls a tool of the built-in server, whose answer differs each time. */
  async sessionInfo(): Promise<void> {
    const id = ++this.#lastId;
    const body = call(id, 'session_info', '{}');
    const answer = await exchange(this.#calls, 'POST', this.#url.pathname, this.#headers, body);
    if (responseIn(answer, id)?.result?.isError !== undefined)
      throw new WrongAnswerError(`a result for id ${id}`, answer);
  }

  /** Calls `spin` for a call that won't end well: resolves when its connection or its answer ends. */
  async spinUntilKilled(ms: number): Promise<void> {
    const id = ++this.#lastId;
    const body = call(id, 'spin', `{"ms":${ms}}`);
    const answer = await exchange(this.#calls, 'POST', this.#url.pathname, this.#headers, body);
    if (responseIn(answer, id)?.error === undefined)
      throw new WrongAnswerError(`an error for id ${id}`, answer);
  }

  /** Sends `notifications/cancelled` for the last call, over a connection of its own. */
  cancelLast(): Promise<void> {
    const body = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: this.#lastId } };
    return this.#notify(this.#controlClient(), JSON.stringify(body));
  }

  /** Opens the control connection, so that a measured cancel or DELETE does not pay for it. */
  async warmControl(): Promise<void> {
    await this.#notify(this.#controlClient(), '{"jsonrpc":"2.0","method":"notifications/initialized"}');
  }

  /** Ends the session with DELETE, over a connection of its own. */
  async delete(): Promise<void> {
    const answer = await exchange(this.#controlClient(), 'DELETE', this.#url.pathname, this.#headers, null);
    if (answer.status >= 300) throw new WrongAnswerError('success of DELETE', answer);
  }

  /** Drops the session's connections; calls that are not answered fail. */
  async close(): Promise<void> {
    await Promise.all([this.#calls.destroy(), this.#control?.destroy()]);
  }

  #controlClient(): Client {
    this.#control ??= new Client(this.#url.origin);
    return this.#control;
  }

  async #notify(client: Client, body: string): Promise<void> {
    const answer = await exchange(client, 'POST', this.#url.pathname, this.#headers, body);
    if (answer.status !== 202) throw new WrongAnswerError('202 for a notification', answer);
  }

  async #call(id: number, body: string, expected: string): Promise<void> {
    const answer = await exchange(this.#calls, 'POST', this.#url.pathname, this.#headers, body);
    const response = responseIn(answer, id);
    if (response?.result?.isError === true || response?.result?.content?.[0]?.text !== expected) {
      throw new WrongAnswerError(`"${expected}" for id ${id}`, answer);
    }
  }
}

/** Opens so many sessions, one after the other. */
export async function openSessions(url: URL, count: number): Promise<McpSession[]> {
  const sessions: McpSession[] = [];
  for (let opened = 0; opened < count; opened += 1) sessions.push(await McpSession.open(url));
  return sessions;
}

export async function closeSessions(sessions: readonly McpSession[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.close()));
}
