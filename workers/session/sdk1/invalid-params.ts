/**
 * A request whose parameters are wrong is answered with -32602 and one sentence (JSON-RPC 2.0, section 5.1). The SDK lets
 * the schema library's error through: -32603, as if the server had failed, with a dump of its issues. The build
 * puts `parseRequest` into the SDK's protocol layer.
 */
import { type AnySchema, safeParse } from '@modelcontextprotocol/sdk/server/zod-compat.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { cut, messageOf } from '../../../src/shared/errors.js';

/** Issues that a sentence names, and how long it gets. */
const MAX_ISSUES = 3;
const MAX_CHARS = 500;

/**
 * @returns what the schema makes of the request.
 * @throws {McpError} -32602
 */
export function parseRequest(schema: AnySchema, request: { readonly method: string }): unknown {
  const parsed = safeParse(schema, request);
  if (parsed.success) return parsed.data;
  const message = `Invalid parameters of ${request.method}: ${issuesOf(parsed.error)}`;
  throw new McpError(ErrorCode.InvalidParams, message);
}

/** What a schema of zod found, in a few words: `params.arguments: Invalid input: expected record, received null`. */
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
