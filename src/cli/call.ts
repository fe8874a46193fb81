/** `bulkhead call`: calls one tool of a server and prints what it answers. */

import { readJsonArguments } from './arguments/json-arguments.js';
import { argumentList, splitArgument, withNamedArguments } from './arguments/named-arguments.js';
import { SchemaView } from './arguments/schema-view.js';
import { type Listed, requireListed } from './client/lists.js';
import type { Result } from './client/server-connection.js';
import { EXIT_FAILED, EXIT_OK } from './failure.js';
import { renderResult } from './output/content.js';
import { structureFault } from './output/output-schema.js';
import { print, safeLine, safeText } from './output/safe-text.js';
import { type Form, printJson, type ServerFlags, withServer } from './with-server.js';

/** The arguments and flags of `bulkhead call`, as text. */
export interface CallRequest extends ServerFlags {
  readonly tool: string;
  /** The tool's arguments: a JSON object, `@file` or `-`. */
  readonly json: string | undefined;
  /** Each `key=value`. */
  readonly args: readonly string[];
  readonly form: Form;
}

/**
 * @returns the exit code: 0, or 1 if the tool itself reports an error, or asks for input that was not given
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for wrong arguments, and for a tool that the server does not have
 * @throws {CommandFailure} if there is no connection or no result
 */
export async function call(request: CallRequest): Promise<number> {
  const { tool: name, args, form } = request;
  const given = await readJsonArguments(request.json, request.cwd);
  for (const written of args) splitArgument(written);
  return withServer(request, { subject: name, form }, async (connection) => {
    const tool = await requireListed(connection, 'tools', name);
    const toolArguments = withNamedArguments(given, args, tool);
    const result = await connection
      .request({
        method: 'tools/call',
        params: { name, arguments: toolArguments },
        subject: name,
        inputSchema: tool.inputSchema,
      })
      .catch((error: unknown) => {
        suggestArguments(tool, toolArguments);
        throw error;
      });
    return show(tool, result, toolArguments, form);
  });
}

/** @returns the exit code */
async function show(tool: Listed, result: Result, toolArguments: Result, form: Form): Promise<number> {
  const isError = result.isError === true;
  if (form === 'json') printJson(result);
  else if (form === 'raw') printJson({ result });
  else if (isError) process.stderr.write(`${safeText(renderResult(tool.name, result))}\n`);
  else print(`${renderResult(tool.name, result)}\n`);
  if (isError) {
    suggestArguments(tool, toolArguments);
    return EXIT_FAILED;
  }
  const fault = await structureFault(tool, result);
  if (fault === undefined) return EXIT_OK;
  process.stderr.write(`bulkhead: ${safeLine(fault)}\n`);
  return EXIT_FAILED;
}

/** The reason is often that an argument is missing, which servers say in many ways. */
function suggestArguments({ name, inputSchema }: Listed, given: Result): void {
  const schema = new SchemaView(inputSchema);
  if (schema.required.every((one) => Object.hasOwn(given, one))) return;
  process.stderr.write(`bulkhead: ${safeLine(name)} takes ${argumentList(schema)}.\n`);
}
