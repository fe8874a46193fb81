import { type ListedTool, TOOL_PAGE } from '../mix.js';
import { LoadFailure } from './failure-kind.js';

/** A list with more pages than this is assumed never to end. */
const MAX_TOOL_PAGES = 1_000;

/**
 * All pages of `tools/list`.
 * @param listPage sends the request with these parameters; returns its result
 * @throws {LoadFailure} if a page is not one, and what `listPage` throws
 */
export async function allTools(
  listPage: (params: { readonly cursor: string } | undefined) => Promise<unknown>,
): Promise<readonly ListedTool[]> {
  const tools: ListedTool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_TOOL_PAGES; page += 1) {
    const listed = TOOL_PAGE.safeParse(await listPage(cursor === undefined ? undefined : { cursor }));
    if (!listed.success) throw new LoadFailure('invalid', `tools/list: ${listed.error.issues[0]?.message}`);
    tools.push(...listed.data.tools);
    cursor = listed.data.nextCursor;
    if (cursor === undefined) break;
  }
  return tools;
}
