/** `bulkhead prompt`: prints a prompt of a server, filled in. */

import { optionError } from '../config/option-error.js';
import { didYouMean } from '../shared/nearest.js';
import { readJsonArguments } from './arguments/json-arguments.js';
import { splitArgument } from './arguments/named-arguments.js';
import { type Listed, requireListed } from './client/lists.js';
import { EXIT_OK } from './failure.js';
import { renderPrompt } from './output/content.js';
import { promptArgumentList } from './output/listing.js';
import { print, safeLine } from './output/safe-text.js';
import { type Form, printJson, type ServerFlags, withServer } from './with-server.js';

/** The arguments and flags of `bulkhead prompt`, as text. */
export interface PromptRequest extends ServerFlags {
  readonly prompt: string;
  /** The prompt's arguments: a JSON object of texts, `@file` or `-`. */
  readonly json: string | undefined;
  /** Each `key=value`. */
  readonly args: readonly string[];
  readonly form: Form;
}

/**
 * @returns the exit code: 0, or 1 if the server asks for input that was not given
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for wrong arguments, and for a prompt that the server does not have
 * @throws {CommandFailure} if there is no connection or no result
 */
export async function prompt(request: PromptRequest): Promise<number> {
  const { prompt: name, form } = request;
  const given = new Map(Object.entries(await readJsonArguments(request.json, request.cwd)));
  for (const written of request.args) {
    const [key, value] = splitArgument(written);
    if (given.has(key))
      throw optionError(`The argument ${JSON.stringify(key)} is given twice: keep one of them.`);
    given.set(key, value);
  }
  return withServer(request, { subject: name, form }, async (connection) => {
    const listed = await requireListed(connection, 'prompts', name);
    checkNames(listed, [...given.keys()]);
    const params = { name, arguments: Object.fromEntries(given) };
    const result = await connection
      .request({ method: 'prompts/get', params, subject: name })
      .catch((error: unknown) => {
        suggestArguments(listed, given);
        throw error;
      });
    if (form === 'text') print(`${renderPrompt(name, result)}\n`);
    else printJson(form === 'raw' ? { result } : result);
    return EXIT_OK;
  });
}

function checkNames(listed: Listed, given: readonly string[]): void {
  const names = (listed.arguments ?? []).map(({ name }) => name);
  const unknown = given.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const known = names.length === 0 ? 'it has none' : `it has ${promptArgumentList(listed)}`;
  throw optionError(
    `${safeLine(listed.name)} has no argument ${JSON.stringify(unknown)}${safeLine(didYouMean(unknown, names))}: ${known}.`,
  );
}

function suggestArguments(listed: Listed, given: ReadonlyMap<string, unknown>): void {
  const missing = (listed.arguments ?? []).some(
    ({ name, required }) => required === true && !given.has(name),
  );
  if (missing)
    process.stderr.write(`bulkhead: ${safeLine(listed.name)} takes ${promptArgumentList(listed)}.\n`);
}
