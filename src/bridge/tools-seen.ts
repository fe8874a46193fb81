/** What the lists of tools that passed through the bridge say about each tool. */
import { fieldsOf, type RequestEnvelope } from '../protocol/envelope.js';
import type { Fields } from '../shared/fields.js';

/** No server has more; the names are the server's. */
const MAX_TOOLS = 10_000;

/** Requests that only read, or leave the same behind when they are done twice. */
const REPEATABLE: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'subscriptions/listen',
  'tools/list',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
  'tasks/get',
  'tasks/list',
]);

export class ToolsSeen {
  /** The tools that may be called again if an answer is lost. */
  readonly #repeatable = new Set<string>();

  /** A list of tools, or a page of it. */
  learn(result: Fields | undefined): void {
    const tools: unknown = result?.tools;
    if (!Array.isArray(tools)) return;
    for (const tool of tools) {
      const { name, annotations } = fieldsOf(tool);
      if (typeof name !== 'string') continue;
      const { readOnlyHint, idempotentHint } = fieldsOf(annotations);
      if (readOnlyHint !== true && idempotentHint !== true) this.#repeatable.delete(name);
      else if (this.#repeatable.size < MAX_TOOLS) this.#repeatable.add(name);
    }
  }

  /** Whether nothing is done twice if this request is sent again (2025-11-25, Tools, `ToolAnnotations`). */
  mayRepeat({ method, params }: RequestEnvelope): boolean {
    if (method === 'tools/call') return typeof params.name === 'string' && this.#repeatable.has(params.name);
    return REPEATABLE.has(method);
  }
}
