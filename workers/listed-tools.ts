/** What the main thread is told of a list of tools, so that it can check calls before a worker has them. */
import { declaredNotifications } from '../src/shared/declared-notifications.js';
import type { ListsFrame } from '../src/shared/frames/from-worker.js';
import { headerAnnotations } from '../src/shared/header-params.js';

const MAX_TOOL_NAMES = 1_000;
const MAX_TOOL_NAME_CHARS = 128;

/** @param tools as `tools/list` returns them */
export function toolNames(tools: unknown): string[] {
  if (!Array.isArray(tools)) return [];
  const names = tools.map((tool: unknown) => (tool as { readonly name?: unknown } | null)?.name);
  return names
    .filter((name) => typeof name === 'string' && name.length <= MAX_TOOL_NAME_CHARS)
    .slice(0, MAX_TOOL_NAMES) as string[];
}

/**
 * Tells what clients of the stateless era have been given as a list, when that is something new. Lists that are learned are told
 * in whole (`list-inquiry.ts`); these may be one page, and differ from one worker to the next.
 */
export class GivenTools {
  readonly #post: (frame: ListsFrame) => void;
  #told = '';

  constructor(post: (frame: ListsFrame) => void) {
    this.#post = post;
  }

  /** @param tools as the client receives them */
  given(tools: unknown): void {
    const told = { tools: toolNames(tools), headerParams: headerAnnotations(tools) };
    const text = JSON.stringify(told);
    if (text === this.#told) return;
    this.#told = text;
    const declared = declaredNotifications(undefined);
    this.#post({ type: 'lists', answers: [], declared, ...told, afterCall: false });
  }
}
