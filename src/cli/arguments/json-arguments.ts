/** The arguments of a tool or a prompt as one JSON object: on the command line, in a file, or on stdin. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { optionError } from '../../config/option-error.js';
import { messageOf } from '../../shared/errors.js';
import { type Fields, isFields } from '../../shared/fields.js';
import { parseJson } from '../../shared/json-text.js';

/**
 * @param written a JSON object; `@` with the name of a file that has one; `-` for stdin
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION`
 */
export async function readJsonArguments(written: string | undefined, cwd: string): Promise<Fields> {
  if (written === undefined) return {};
  const [source, content] = await contentOf(written, cwd);
  let value: unknown;
  try {
    value = parseJson(content.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw optionError(`${source} is not JSON: ${messageOf(error)}.${meantArgument(source, content)}`, error);
  }
  if (isFields(value)) return value;
  const shown = source === '[json]' ? content : 'something else';
  throw optionError(
    `${source} is ${shown}, but must be a JSON object with the arguments, such as {"name": "value"}.`,
  );
}

/** What other commands take as `key=value`. */
function meantArgument(source: string, content: string): string {
  return source === '[json]' && /^[\w.-]+=/.test(content)
    ? ' A single argument is written --arg key=value.'
    : '';
}

async function contentOf(written: string, cwd: string): Promise<[source: string, content: string]> {
  if (written === '-') return ['stdin', await text(process.stdin)];
  if (!written.startsWith('@')) return ['[json]', written];
  const file = written.slice(1);
  try {
    return [file, readFileSync(resolve(cwd, file), 'utf8')];
  } catch (error) {
    throw optionError(`The file ${JSON.stringify(file)} cannot be read: ${messageOf(error)}.`, error);
  }
}
