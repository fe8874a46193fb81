/**
 * The measuring client of revision 2026-07-28: one connection and no session. Like the client with sessions, it does as little
 * work as possible, and checks each answer.
 */
import { randomUUID } from 'node:crypto';
import { Client } from 'undici';
import { requestHeaders, requestMeta } from '../../load/client/stateless-message.js';
import { exchange } from './http-exchange.js';
import type { Authorization } from './mcp-session.js';
import { ask, call, type Question, type Response, says, WrongAnswerError } from './question.js';

const META = `,"_meta":${JSON.stringify(requestMeta({ name: 'bench', version: '1.0.0' }, {}))}`;
/** The only argument that a header repeats, of servers with affinity `handle`. */
const HANDLE_HEADER = 'mcp-param-session';
const OPEN_TOOL = 'open_session';

type Tool = 'echo' | 'spin' | typeof OPEN_TOOL;

function complete(fits: Question['fits']): Question['fits'] {
  return (response) => fits(response) && response.result?.resultType === 'complete';
}

export class StatelessClient {
  readonly #url: URL;
  readonly #client: Client;
  /** Of a call, by its tool. */
  readonly #headers: Readonly<Record<Tool, Readonly<Record<string, string>>>>;
  /** Member of the arguments, as JSON text. */
  readonly #handleMember: string;
  /** Before the texts of its calls, which no other call has. */
  readonly #name = randomUUID();
  #lastId = 0;

  /** @param handle that all of its calls have, of a server with affinity `handle` */
  constructor(url: URL, authorization: Authorization = {}, handle?: string) {
    this.#url = url;
    this.#client = new Client(url.origin);
    const headersOf = (name: Tool) => ({
      ...requestHeaders({ method: 'tools/call', name }),
      ...authorization,
      ...(handle !== undefined && { [HANDLE_HEADER]: handle }),
    });
    this.#headers = {
      echo: headersOf('echo'),
      spin: headersOf('spin'),
      [OPEN_TOOL]: headersOf(OPEN_TOOL),
    };
    this.#handleMember = handle === undefined ? '' : `"session":${JSON.stringify(handle)},`;
  }

  /** One whose calls have a new handle, of a server with affinity `handle`. */
  static async withHandle(url: URL): Promise<StatelessClient> {
    const opening = new StatelessClient(url);
    try {
      return new StatelessClient(url, {}, await opening.#openHandle());
    } finally {
      await opening.close();
    }
  }

  /** Calls `echo` with a text that no other call has. */
  echo(): Promise<void> {
    const text = `${this.#name} call ${this.#lastId + 1} ................................`;
    return this.#call('echo', `{${this.#handleMember}"text":"${text}"}`, `"${text}"`, says(text));
  }

  /** Calls `spin`, which keeps a thread of the server busy for so long, and waits for its answer. */
  spin(ms: number): Promise<void> {
    return this.#call('spin', `{${this.#handleMember}"ms":${ms}}`, '"done"', says('done'));
  }

  /** Calls `spin` for a call that is not answered: resolves when the connection is closed. */
  async spinUntilClosed(ms: number): Promise<void> {
    const body = `{"jsonrpc":"2.0","id":${++this.#lastId},${call('spin', `{"ms":${ms}}`, META)}}`;
    const sent = exchange(this.#client, 'POST', this.#url.pathname, this.#headers.spin, body);
    // The expected outcome is that it fails.
    const answer = await sent.catch(() => undefined);
    if (answer !== undefined) throw new WrongAnswerError('no answer', answer);
  }

  /** Drops the connection; a call that is not answered is cancelled by that. */
  async close(): Promise<void> {
    await this.#client.destroy();
  }

  async #openHandle(): Promise<string> {
    let handle = '';
    await this.#call(OPEN_TOOL, '{}', 'a handle', ({ result }: Response) => {
      const session = result?.structuredContent?.session;
      if (typeof session === 'string') handle = session;
      return handle !== '';
    });
    return handle;
  }

  async #call(tool: Tool, argument: string, expected: string, fits: Question['fits']): Promise<void> {
    await ask(this.#client, this.#url, this.#headers[tool], {
      id: ++this.#lastId,
      members: call(tool, argument, META),
      expected,
      fits: complete(fits),
    });
  }
}
