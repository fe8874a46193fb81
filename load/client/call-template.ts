/** The text of a `tools/call` request, created once; a call only fills in its own values. */
import type { MixEntry } from '../load-plan.js';
import type { RepeatedInHeaders } from './stateless-message.js';

const PLACEHOLDER = /\{\{(session|n)\}\}/;

export class CallTemplate {
  readonly tool: string;
  /** Texts at even indices, names of placeholders at odd ones. */
  readonly #pieces: readonly string[];
  /** Members of `_meta`, each followed by a comma. */
  readonly #meta: string;
  readonly #marked: NonNullable<MixEntry['paramHeaders']>;

  /** @param meta what `_meta` has in each request besides the progress token */
  constructor(
    { tool, arguments: toolArguments, paramHeaders = [] }: MixEntry,
    meta: Readonly<Record<string, unknown>> = {},
  ) {
    this.tool = tool;
    this.#marked = paramHeaders;
    this.#meta = Object.entries(meta)
      .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)},`)
      .join('');
    // Tokens and numbers need no escaping in JSON, so the placeholders can be filled in the JSON text.
    this.#pieces = JSON.stringify({ name: tool, arguments: toolArguments }).slice(0, -1).split(PLACEHOLDER);
  }

  /** `tools/call` with this id, which is also its progress token: Claude Code sends one with every call. */
  body(id: string, token: string, n: number): string {
    let params = this.#pieces[0] ?? '';
    for (let index = 1; index < this.#pieces.length; index += 2) {
      params += (this.#pieces[index] === 'n' ? n : token) + (this.#pieces[index + 1] ?? '');
    }
    return `{"jsonrpc":"2.0","id":"${id}","method":"tools/call","params":${params},"_meta":{${this.#meta}"progressToken":"${id}"}}}`;
  }

  /** What the headers of a request with this body have to repeat, in the stateless era. */
  repeated(body: string): RepeatedInHeaders {
    const named = { method: 'tools/call', name: this.tool };
    if (this.#marked.length === 0) return named;
    const { params } = JSON.parse(body) as { params: { arguments: Readonly<Record<string, unknown>> } };
    return { ...named, params: { marked: this.#marked, arguments: params.arguments } };
  }
}
