/** The lists of a server, with all of their pages. */
import { z } from 'zod';
import { optionError } from '../../config/option-error.js';
import { didYouMean } from '../../shared/nearest.js';
import { CommandFailure } from '../failure.js';
import { safeLine } from '../output/safe-text.js';
import { type ServerConnection, ServerError } from './server-connection.js';

/** A list with more pages than this is assumed never to end. */
const MAX_PAGES = 1_000;

const METHOD_NOT_FOUND = -32601;

/** Each list: its method, and the capability of the server that has it. */
const LISTS = {
  tools: { method: 'tools/list', capability: 'tools' },
  resources: { method: 'resources/list', capability: 'resources' },
  resourceTemplates: { method: 'resources/templates/list', capability: 'resources' },
  prompts: { method: 'prompts/list', capability: 'prompts' },
} as const;
export type ListName = keyof typeof LISTS;

/** What is listed. Unknown members are kept. */
const LISTED = z.looseObject({
  name: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  uri: z.string().optional(),
  uriTemplate: z.string().optional(),
  mimeType: z.string().optional(),
  inputSchema: z.unknown().optional(),
  outputSchema: z.unknown().optional(),
  annotations: z.record(z.string(), z.unknown()).optional(),
  arguments: z
    .array(
      z.looseObject({
        name: z.string(),
        description: z.string().optional(),
        required: z.boolean().optional(),
      }),
    )
    .optional(),
});
export type Listed = z.output<typeof LISTED>;

/** Everything that a server lists. */
export type Offer = Readonly<Record<ListName, readonly Listed[]>>;

/**
 * All pages; empty if the server has no such list.
 * @throws {CommandFailure} if the server does not answer, or with something else
 */
export async function listAll(connection: ServerConnection, name: ListName): Promise<readonly Listed[]> {
  const { method, capability } = LISTS[name];
  if (connection.facts.capabilities[capability] === undefined) return [];
  const page = z.looseObject({ [name]: z.array(LISTED), nextCursor: z.string().optional() });
  const all: Listed[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const params = cursor === undefined ? {} : { cursor };
    let result: unknown;
    try {
      result = await connection.request({ method, params, subject: method });
    } catch (error) {
      // Many servers have resources without templates, and do not know the method.
      if (error instanceof ServerError && error.error.code === METHOD_NOT_FOUND) return all;
      throw error;
    }
    const read = page.safeParse(result);
    if (!read.success) {
      const [issue] = read.error.issues;
      const where = issue === undefined ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
      throw new CommandFailure(`${method} failed: the result is not such a list${where}.`);
    }
    all.push(...(read.data[name] as Listed[]));
    cursor = read.data.nextCursor as string | undefined;
    if (cursor === undefined) break;
  }
  return all;
}

/** @throws {BulkheadError} `ERR_BULKHEAD_OPTION` if the server has no such tool, or prompt */
export async function requireListed(
  connection: ServerConnection,
  list: 'tools' | 'prompts',
  name: string,
): Promise<Listed> {
  const listed = await listAll(connection, list);
  const found = listed.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw notListed(list === 'tools' ? 'tool' : 'prompt', name, listed);
}

/** The error where nothing has this name, with what was probably meant and what there is. */
export function notListed(what: string, name: string, listed: readonly Listed[]) {
  const names = listed.map((one) => one.name);
  const known = names.length === 0 ? 'it has none' : `it has ${safeLine(names.join(', '))}`;
  const meant = safeLine(didYouMean(name, names));
  return optionError(`The server has no ${what} ${JSON.stringify(name)}${meant}: ${known}.`);
}
