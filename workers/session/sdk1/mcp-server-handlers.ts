/**
 * Where session threads differ from McpServer's own request handlers. McpServer registers its handlers on its Server,
 * where `tool-executor.ts` sees them and asks here for replacements.
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

/** By the server that each McpServer created. */
const mcpServers = new WeakMap<Server, Registries>();

/** How much of a wrong URI is repeated in an error. */
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

/** Must be called with each new McpServer, before anything is registered on it. */
export function knowMcpServer(mcpServer: McpServer): void {
  // They are plain objects, which have a `constructor` and a `toString` that nobody registered.
  for (const name of REGISTRIES) Reflect.set(mcpServer, name, Object.create(null));
  mcpServers.set(mcpServer.server, entriesOf(mcpServer) as Registries);
}

type Threw = (requestId: RequestId, error: unknown) => void;
type Change = (server: () => Registries, handler: RequestHandler, threw: Threw) => RequestHandler;

/**
 * McpServer's handlers that are replaced, by method. The schema is compared only if the method matches, because
 * accessing a schema creates it.
 */
const CHANGES: Readonly<Record<string, { readonly schema: () => unknown; readonly change: Change }>> = {
  'tools/call': { schema: () => CallToolRequestSchema, change: ownToolCall },
  'tools/list': { schema: () => ListToolsRequestSchema, change: namingWhatCanNotBeListed },
  'resources/read': { schema: () => ReadResourceRequestSchema, change: withCheckedUri },
  'completion/complete': { schema: () => CompleteRequestSchema, change: withOwnCompleters },
};

/** @returns the replacement of this handler if it is McpServer's, otherwise `undefined` */
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
  // McpServer registers its first handlers during its construction.
  const registries = (): Registries => {
    const known = mcpServers.get(server);
    if (known === undefined)
      throw new Error(`${method} was called on a server that is not the session's own`);
    return known;
  };
  return entry.change(registries, handler, threw);
}

/** The method of a request's schema. */
export function methodOf(schema: unknown): string | undefined {
  const method = getObjectShape(schema as AnyObjectSchema)?.method;
  const value = method && getLiteralValue(method);
  return typeof value === 'string' ? value : undefined;
}

function ownToolCall(server: () => Registries, _handler: RequestHandler, threw: Threw): RequestHandler {
  return (request, extra) =>
    callAnyTool(server(), request as ToolCallRequest, extra, (error) => threw(extra.requestId, error));
}

/** Says which tool's schema cannot be listed, because the author may have forty tools. */
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

/** `new URL` throws what would become an internal error. */
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

/**
 * The completers of a template are looked up by a name that the client sends, which may be one of `Object.prototype`.
 */
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
