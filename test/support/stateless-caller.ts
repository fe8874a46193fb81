/** A client of revision 2026-07-28, as raw as its wire: it sends what it is told, and continues calls that ask it something. */
import { requestHeaders, requestMeta } from '../../load/client/stateless-message.js';
import { withDeadline } from './deadline.js';

const CLIENT = { name: 'test', version: '1' };
/** What a client can be asked. */
const ALL_CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
const DEADLINE_MS = 20_000;

export type Fields = Record<string, unknown>;

export interface Reply {
  readonly status: number;
  /** The whole body. */
  readonly text: string;
  readonly id: unknown;
  readonly result: Fields;
  readonly error: { readonly code: number; readonly message: string; readonly data?: Fields } | undefined;
  /** What came before it on its stream. */
  readonly notifications: readonly { readonly method: string; readonly params: Fields }[];
}

export interface CallerOptions {
  readonly token?: string;
  readonly capabilities?: object;
}

export interface CallOptions extends CallerOptions {
  readonly id?: string | number;
  readonly signal?: AbortSignal;
  readonly meta?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One question of the server, and the answer that it gets. */
type Answers = (name: string, request: { method: string; params?: Fields }) => unknown;

export class StatelessCaller {
  readonly #url: URL;
  readonly #options: CallerOptions;
  #lastId = 0;

  constructor(url: URL, options: CallerOptions = {}) {
    this.#url = url;
    this.#options = options;
  }

  /** @param params without `_meta` */
  async request(method: string, params: Fields = {}, options: CallOptions = {}): Promise<Reply> {
    this.#lastId += 1;
    const {
      id = this.#lastId,
      signal,
      meta,
      headers,
      token,
      capabilities = ALL_CAPABILITIES,
    } = { ...this.#options, ...options };
    const _meta = { ...requestMeta(CLIENT, capabilities as Record<string, object>), ...meta };
    const name = params.name ?? params.uri;
    const response = await withDeadline(
      fetch(this.#url, {
        method: 'POST',
        headers: {
          ...requestHeaders({ method, ...(typeof name === 'string' && { name }) }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta } }),
        ...(signal !== undefined && { signal }),
      }),
      `the head of the answer to ${method}`,
      DEADLINE_MS,
    );
    const text = await withDeadline(response.text(), `the answer to ${method}`, DEADLINE_MS);
    return replyOf(response.status, response.headers.get('content-type') ?? '', text);
  }

  call(name: string, args: Fields = {}, more: Fields = {}, options: CallOptions = {}): Promise<Reply> {
    return this.request('tools/call', { name, arguments: args, ...more }, options);
  }

  /** Continues the call until it is over, and answers what is asked. */
  async settle(
    name: string,
    args: Fields,
    answers: Answers,
    options: CallOptions = {},
  ): Promise<{ reply: Reply; rounds: number }> {
    let reply = await this.call(name, args, {}, options);
    let rounds = 0;
    while (reply.result.resultType === 'input_required' && rounds < 20) {
      rounds += 1;
      reply = await this.call(name, args, continuation(reply, answers), options);
    }
    return { reply, rounds };
  }
}

/** The members with which the next request continues a call. */
export function continuation(
  { result }: Reply,
  answers: Answers,
): { inputResponses: Fields; requestState: unknown } {
  const { inputRequests, requestState } = result;
  const asked = Object.entries((inputRequests ?? {}) as Record<string, { method: string; params?: Fields }>);
  const responses = asked.map(([name, request]) => [name, answers(name, request)]);
  return { inputResponses: Object.fromEntries(responses), requestState };
}

export function textIn({ result }: Reply): string {
  const [first] = (result.content ?? []) as { readonly text?: string }[];
  return first?.text ?? '';
}

function replyOf(status: number, contentType: string, text: string): Reply {
  const messages = contentType.startsWith('text/event-stream')
    ? [...text.matchAll(/^data: ?(.+)$/gm)].map(([, data]) => JSON.parse(data ?? ''))
    : [JSON.parse(text)];
  const { id, result, error } = messages.at(-1);
  return { status, text, id, result: result ?? {}, error, notifications: messages.slice(0, -1) };
}
