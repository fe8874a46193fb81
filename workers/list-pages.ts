/**
 * Lists that a server answers in pages, as one: a server decides how large its pages are, so a client that is given the
 * whole list on the first page is answered by the protocol (2025-11-25, Pagination).
 */
import type { TextResponse } from './text-response.js';

/** A server that has more of them is asked each time. */
const MAX_PAGES = 20;
/** The member of a list's result that is the list. */
export const ITEMS = ['tools', 'prompts', 'resources', 'resourceTemplates'] as const;

type Result = Readonly<Record<string, unknown>>;

/**
 * @param ask asks for the page at a cursor; for the first one, if that is `undefined`
 * @param maxChars more is not put together
 * @returns a response with a cursor, if not all pages could be had
 */
export async function wholeList(
  ask: (cursor: string | undefined) => Promise<TextResponse>,
  maxChars: number,
): Promise<TextResponse> {
  let whole = await ask(undefined);
  for (let pages = 1; pages < MAX_PAGES && whole.body.length <= maxChars; pages += 1) {
    const cursor = resultOf(whole).nextCursor;
    if (typeof cursor !== 'string') break;
    const joined = joinedPages(whole, await ask(cursor));
    if (joined === undefined) break;
    whole = joined;
  }
  return whole;
}

function joinedPages(first: TextResponse, next: TextResponse): TextResponse | undefined {
  const { nextCursor: _passed, ...own } = resultOf(first);
  const { nextCursor: cursor = undefined, ...added } = resultOf(next);
  for (const items of ITEMS) {
    const [list, more] = [own[items], added[items]];
    if (!Array.isArray(list) || !Array.isArray(more)) continue;
    const result = { ...own, [items]: [...list, ...more], ...(cursor != null && { nextCursor: cursor }) };
    return { message: { result }, body: JSON.stringify({ ...(JSON.parse(first.body) as object), result }) };
  }
  return undefined;
}

function resultOf({ message }: TextResponse): Result {
  return 'result' in message ? ((message.result ?? {}) as Result) : {};
}
