/**
 * Which handler is registered for `tools/call`, in the form in which it was given to the SDK, for calls that bypass the
 * SDK.
 */
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CallToolRequestSchema,
  type ServerNotification,
  type ServerRequest,
} from '@modelcontextprotocol/sdk/types.js';
import { type ProtocolEntries, protocolOf } from './protocol-entries.js';

export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;
export type RequestHandler = (request: { method: string }, extra: Extra) => unknown;

export const CALL = 'tools/call';

interface CallHandler {
  readonly handler: RequestHandler;
  /** What the protocol layer made of it. The handler is valid while this is its entry. */
  readonly entry: unknown;
  /** Whether no other one was registered before it. */
  readonly first: boolean;
}

const callHandlers = new WeakMap<Server, CallHandler>();

/**
 * A handler has been registered for the method of this schema. This determines whether it is the handler of tool calls.
 */
export function handlerRegistered(server: Server, schema: unknown, handler: RequestHandler): void {
  const entry = protocolOf(server)._requestHandlers.get(CALL);
  const earlier = callHandlers.get(server);
  if (entry === undefined || entry === earlier?.entry) return;
  // A schema of the module's own may check or change what the SDK's does not.
  if (schema === CallToolRequestSchema)
    callHandlers.set(server, { handler, entry, first: earlier === undefined });
}

/** The handler of tool calls, if it is the one that the protocol layer would call. */
export function callHandlerOf(
  server: Server,
  { _requestHandlers }: ProtocolEntries,
): CallHandler | undefined {
  const registered = callHandlers.get(server);
  return registered?.entry === _requestHandlers.get(CALL) ? registered : undefined;
}
