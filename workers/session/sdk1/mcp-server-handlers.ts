/**
 * What session threads do otherwise than McpServer's own request handlers. McpServer registers those on its Server, where
 * `tool-executor.ts` sees them and asks here what takes their place.
 */
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import {
  type AnyObjectSchema,
  getLiteralValue,
  getObjectShape,
} from '@modelcontextprotocol/sdk/server/zod-compat.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { cut } from '../../../src/shared/errors.js';
import type { RequestId } from '../../../src/shared/request-id.js';
import type { RequestHandler } from './call-handlers.js';
import { callAnyTool, entriesOf, type McpServerEntries, type ToolCallRequest } from './tool-call.js';
import { unwritableSchema } from './unwritable-schemas.js';

/** By the server that each made itself. */
const mcpServers = new WeakMap<Server, Registries>();

/** How much of a wrong URI is repeated. */
const MAX_URI_CHARS = 200;

interface Registries extends McpServerEntries {
  readonly _registeredResourceTemplates: Readonly<
    Record<
      string,
      {
        readonly resourceTemplate: {
          readonly uriTemplate: { toString(): string };
          readonly _callbacks?: { readonly complete?: Readonly<Record<string, unknown>> };
        };
      }
    >
  >;
}

const REGISTRIES = [
  '_registeredTools',
  '_registeredPrompts',
  '_registeredResources',
  '_registeredResourceTemplates',
] as const;

/** To be called with each new McpServer, before anything is registered on it. */
export function knowMcpServer(mcpServer: McpServer): void {
  // Plain objects, which have a `constructor` and a `toString` that nobody registered.
  for (const name of REGISTRIES) Reflect.set(mcpServer, name, Object.create(null));
  mcpServers.set(mcpServer.server, entriesOf(mcpServer) as Registries);
}

type Threw = (requestId: RequestId, error: unknown) => void;
type Change = (server: () => Registries, handler: RequestHandler, threw: Threw) => RequestHandler;

/** By method: McpServer's handlers that are changed. The schema is compared where the method fits: asking for one makes it. */
const CHANGES: Readonly<Record<string, { readonly schema: () => unknown; readonly change: Change }>> = {
  'tools/call': { schema: () => CallToolRequestSchema, change: ownToolCall },
  'tools/list': { schema: () => ListToolsRequestSchema, change: namingWhatCanNotBeListed },
  'resources/read': { schema: () => ReadResourceRequestSchema, change: withCheckedUri },
  'completion/complete': { schema: () => CompleteRequestSchema, change: withOwnCompleters },
};

/** @returns what takes the place of this handler where it is McpServer's, otherwise `undefined`. */
export function ownHandler(
  server: Server,
  schema: unknown,
  handler: RequestHandler,
  threw: Threw,
): RequestHandler | undefined {
  const method = methodOf(schema);
  const entry = method !== undefined && Object.hasOwn(CHANGES, method) ? CHANGES[method] : undefined;
  // A module registers its own handlers with schemas of its own copy of the SDK.
  if (entry === undefined || entry.schema() !== schema) return undefined;
  // McpServer registers the first ones while it is being made.
  const registries = (): Registries => {
    const known = mcpServers.get(server);
    if (known === undefined)
      throw new Error(`${method} was called on a server that is not the session's own`);
    return known;
  };
  return entry.change(registries, handler, threw);
}

/** The method that a request's schema is for. */
export function methodOf(schema: unknown): string | undefined {
  const method = getObjectShape(schema as AnyObjectSchema)?.method;
  const value = method && getLiteralValue(method);
  return typeof value === 'string' ? value : undefined;
}

function ownToolCall(server: () => Registries, _handler: RequestHandler, threw: Threw): RequestHandler {
  return (request, extra) =>
    callAnyTool(server(), request as ToolCallRequest, extra, (error) => threw(extra.requestId, error));
}

/** One tool's schema must not leave an author of forty without a hint. */
function namingWhatCanNotBeListed(server: () => Registries, handler: RequestHandler): RequestHandler {
  return async (request, extra) => {
    try {
      return await handler(request, extra);
    } catch (error) {
      const problem = unwritableSchema(server()._registeredTools);
      throw problem === undefined ? error : new Error(problem, { cause: error });
    }
  };
}

/** `new URL` throws what would be an internal error. */
function withCheckedUri(_server: () => Registries, handler: RequestHandler): RequestHandler {
  return (request, extra) => {
    const { uri } = (request as unknown as { readonly params: { readonly uri: string } }).params;
    if (URL.canParse(uri)) return handler(request, extra);
    const message = `Invalid parameters of resources/read: "${cut(uri, MAX_URI_CHARS)}" is no URI`;
    throw new McpError(ErrorCode.InvalidParams, message);
  };
}

interface CompleteRequest {
  readonly params: {
    readonly ref: { readonly type: string; readonly uri?: string };
    readonly argument: { readonly name: string };
  };
}

const NO_COMPLETION = { completion: { values: [], hasMore: false } };

/** A template's completers are looked up by a name of the client's, which may be one of `Object.prototype`. */
function withOwnCompleters(server: () => Registries, handler: RequestHandler): RequestHandler {
  return (request, extra) => {
    const { ref, argument } = (request as unknown as CompleteRequest).params;
    if (ref.type !== 'ref/resource') return handler(request, extra);
    const template = Object.values(server()._registeredResourceTemplates).find(
      ({ resourceTemplate }) => resourceTemplate.uriTemplate.toString() === ref.uri,
    );
    const { complete } = template?.resourceTemplate._callbacks ?? {};
    return complete !== undefined && !Object.hasOwn(complete, argument.name)
      ? NO_COMPLETION
      : handler(request, extra);
  };
}
