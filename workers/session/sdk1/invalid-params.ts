/**
 * A request with wrong parameters is answered with -32602 and one sentence (JSON-RPC 2.0, section 5.1). The SDK passes
 * on the error of the schema library: -32603, as if the server had failed, with a dump of its issues.
 */
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { cut, messageOf } from '../../../src/shared/errors.js';
import type { ProtocolEntries } from './protocol-entries.js';

/** How many issues a sentence names, and its maximum length. */
const MAX_ISSUES = 3;
const MAX_CHARS = 500;

type Entry = (request: { readonly method: string }, extra: unknown) => unknown;

/**
 * Changes the protocol layer's entry of the handler that was just registered for this method. When a schema refuses a
 * request, the entry throws the schema's error; after this change, it throws an `McpError` with -32602. The handler
 * must not throw, but reject.
 */
export function refuseInvalidParams(
  { _requestHandlers }: Pick<ProtocolEntries, '_requestHandlers'>,
  method: string | undefined,
): void {
  const entry = method === undefined ? undefined : (_requestHandlers.get(method) as Entry | undefined);
  if (method === undefined || entry === undefined) return;
  const refusing: Entry = (request, extra) => {
    try {
      return entry(request, extra);
    } catch (error) {
      const message = `Invalid parameters of ${request.method}: ${issuesOf(error)}`;
      throw new McpError(ErrorCode.InvalidParams, message);
    }
  };
  _requestHandlers.set(method, refusing);
}

/**
 * The issues that a schema of zod found, in a few words: `params.arguments: Invalid input: expected record, received
 * null`.
 */
export function issuesOf(error: unknown): string {
  const { issues } = error as { readonly issues?: readonly Issue[] };
  if (!Array.isArray(issues) || issues.length === 0) return cut(messageOf(error), MAX_CHARS);
  const named = issues.slice(0, MAX_ISSUES).map(({ path, message }: Issue) => {
    const where = path?.map(String).join('.') ?? '';
    return where === '' ? message : `${where}: ${message}`;
  });
  if (issues.length > MAX_ISSUES) named.push(`and ${issues.length - MAX_ISSUES} more`);
  return cut(named.join('; '), MAX_CHARS);
}

interface Issue {
  readonly path?: readonly PropertyKey[];
  readonly message: string;
}
