/** The text of a `tools/call` request, created once; a call only fills in its own values. */
import type { MixEntry } from '../load-plan.js';

const PLACEHOLDER = /\{\{(session|n)\}\}/;

export class CallTemplate {
  readonly tool: string;
  /** Texts at even indices, names of placeholders at odd ones. */
  readonly #pieces: readonly string[];

  constructor({ tool, arguments: toolArguments }: MixEntry) {
    this.tool = tool;
    // Tokens and numbers need no escaping in JSON, so the placeholders can be filled in the JSON text.
    this.#pieces = JSON.stringify({ name: tool, arguments: toolArguments }).slice(0, -1).split(PLACEHOLDER);
  }

  /** `tools/call` with this id, which is also its progress token: Claude Code sends one with every call. */
  body(id: string, token: string, n: number): string {
    let params = this.#pieces[0] ?? '';
    for (let index = 1; index < this.#pieces.length; index += 2) {
      params += (this.#pieces[index] === 'n' ? n : token) + (this.#pieces[index + 1] ?? '');
    }
    return `{"jsonrpc":"2.0","id":"${id}","method":"tools/call","params":${params},"_meta":{"progressToken":"${id}"}}}`;
  }
}
