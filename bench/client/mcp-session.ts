/**
 * The measuring client: one MCP session over Streamable HTTP with as little work of its own as possible. It takes
 * JSON and SSE answers, and checks each answer's id and text; a wrong one fails the run.
 */
import { Client } from 'undici';
import { exchange, type HttpAnswer } from './http-exchange.js';
import { ask, call, fails, messagesIn, type Question, says, succeeds, WrongAnswerError } from './question.js';

const PROTOCOL_VERSION = '2025-11-25';
const BASE_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
} as const;

/** The header with a bearer token, for a server that asks for one. */
export type Authorization = Readonly<Record<string, string>>;

/** Request ids are unique in a session. */
const IDS_PER_LANE = 1_000_000_000;

/** How a call ended that may end in any way: well, with an error of the protocol or the tool, or with its connection. */
export interface Outcome {
  readonly kind: 'answered' | 'error' | 'broken';
  /** The answer's text, or what went wrong. */
  readonly text: string;
  readonly ms: number;
}

function outcomeOf(answer: HttpAnswer, id: number): Omit<Outcome, 'ms'> {
  const response = messagesIn(answer).find((message) => message.id === id && message.method === undefined);
  if (response === undefined) {
    return { kind: 'broken', text: answer.status === 200 ? 'no answer' : `HTTP ${answer.status}` };
  }
  const text = response.error?.message ?? response.result?.content?.[0]?.text ?? '';
  return { kind: succeeds(response) ? 'answered' : 'error', text };
}

export class McpSession {
  readonly id: string;
  readonly #url: URL;
  #calls: Client;
  readonly #authorization: Authorization;
  readonly #headers: Readonly<Record<string, string>>;
  #control: Client | undefined;
  #lastId: number;

  private constructor(url: URL, calls: Client, id: string, authorization: Authorization, firstId = 0) {
    this.#url = url;
    this.#calls = calls;
    this.id = id;
    this.#lastId = firstId;
    this.#authorization = authorization;
    this.#headers = {
      ...BASE_HEADERS,
      ...authorization,
      'mcp-session-id': id,
      'mcp-protocol-version': PROTOCOL_VERSION,
    };
  }

  /** Opens a connection and a session on it: `initialize`, then `notifications/initialized`. */
  static async open(url: URL, authorization: Authorization = {}): Promise<McpSession> {
    const client = new Client(url.origin);
    const session = await McpSession.initialize(url, client, authorization);
    await session.initialized();
    return session;
  }

  /** `initialize` alone, over a connection that may be open already; `close` closes that connection too. */
  static async initialize(url: URL, client: Client, authorization: Authorization = {}): Promise<McpSession> {
    const params = JSON.stringify({
      protocolVersion: PROTOCOL_VERSION,
      capabilities: {},
      clientInfo: { name: 'bench', version: '1.0.0' },
    });
    const headers = { ...BASE_HEADERS, ...authorization };
    const answer = await ask(client, url, headers, {
      id: 0,
      members: `"method":"initialize","params":${params}`,
      expected: 'a result',
      fits: succeeds,
    });
    if (answer.sessionId === undefined) throw new WrongAnswerError('a session id', answer);
    return new McpSession(url, client, answer.sessionId, authorization);
  }

  /** The same session over so many connections, this one's among them: as many calls can be in flight. */
  lanes(count: number): McpSession[] {
    const others = Array.from(
      { length: count - 1 },
      (_, lane) =>
        new McpSession(
          this.#url,
          new Client(this.#url.origin),
          this.id,
          this.#authorization,
          (lane + 1) * IDS_PER_LANE,
        ),
    );
    return [this, ...others];
  }

  initialized(): Promise<void> {
    return this.#notify(this.#calls, '{"jsonrpc":"2.0","method":"notifications/initialized"}');
  }

  /** Calls `echo` with a text that no other call has, over the session's own connection. */
  echo(): Promise<void> {
    const text = `${this.id} call ${this.#lastId + 1} ................................`;
    return this.#ask(call('echo', `{"text":"${text}"}`), `"${text}"`, says(text));
  }

  /** Calls `spin`, which keeps the server's thread busy for so long, and waits for its answer. */
  spin(ms: number): Promise<void> {
    return this.#ask(call('spin', `{"ms":${ms}}`), '"done"', says('done'));
  }

  /** Calls a tool that may fail or take its server with it; never rejects. */
  async attempt(tool: string, argument: Readonly<Record<string, unknown>>): Promise<Outcome> {
    const id = ++this.#lastId;
    const body = `{"jsonrpc":"2.0","id":${id},${call(tool, JSON.stringify(argument))}}`;
    const startMs = performance.now();
    const ended = await exchange(this.#calls, 'POST', this.#url.pathname, this.#headers, body).then(
      (answer) => outcomeOf(answer, id),
      (error: unknown) => ({
        kind: 'broken' as const,
        text: error instanceof Error ? error.message : String(error),
      }),
    );
    return { ...ended, ms: performance.now() - startMs };
  }

  listTools(): Promise<void> {
    return this.#ask('"method":"tools/list"', 'a list of tools', succeeds);
  }

  /** Drops the connection between calls, as a client does that is long idle; the next call opens another. */
  async rest(): Promise<void> {
    await this.#calls.destroy();
    this.#calls = new Client(this.#url.origin);
  }

  /** Calls a tool of the built-in server, whose answer differs each time. */
  sessionInfo(): Promise<void> {
    return this.#ask(call('session_info', '{}'), 'a result', succeeds);
  }

  /** Calls `spin` for a call that won't end well: resolves when it has been answered with an error. */
  spinUntilKilled(ms: number): Promise<void> {
    return this.#ask(call('spin', `{"ms":${ms}}`), 'an error', fails);
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

  async #ask(members: string, expected: string, fits: Question['fits']): Promise<void> {
    const id = ++this.#lastId;
    await ask(this.#calls, this.#url, this.#headers, { id, members, expected, fits });
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
