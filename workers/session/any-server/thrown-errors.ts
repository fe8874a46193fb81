/**
 * Notices what the handlers of an SDK's server throw, with its stack. Version 1 and version 2 of the SDK make a result of
 * what a tool throws, and a JSON-RPC error of what another handler throws: both have its message alone. What is wrapped
 * here is not public, and has the same names in both versions. Where one is missing, less is noticed, and nothing else
 * changes: what was thrown is thrown again.
 */
import type { ConnectableServer } from '../../../src/shared/define-server.js';
import type { RequestId } from '../../../src/shared/request-id.js';
import { currentRequest } from '../current-request.js';
import { protocolOf } from './returned-server.js';

type Handler = (...parameters: unknown[]) => unknown;
type Threw = (requestId: RequestId, error: unknown) => void;

/** @param threw called with the request whose handler threw */
export function noticeThrown(server: ConnectableServer, threw: Threw): void {
  // Of an `McpServer`: calls the handler of a tool, inside of the handler that makes a result of what it throws.
  const mcpServer = server as unknown as { executeToolHandler?: unknown };
  const { executeToolHandler } = mcpServer;
  if (typeof executeToolHandler === 'function')
    mcpServer.executeToolHandler = noticed(executeToolHandler.bind(server) as Handler, threw);
  const { _requestHandlers: handlers } = protocolOf(server) as { readonly _requestHandlers?: unknown };
  if (!(handlers instanceof Map)) return;
  const byMethod = handlers as Map<unknown, Handler>;
  for (const [method, handler] of byMethod) byMethod.set(method, noticed(handler, threw));
  // A handler may be registered at any time, such as with the first tool.
  byMethod.set = (method, handler) => Map.prototype.set.call(byMethod, method, noticed(handler, threw));
}

function noticed(handler: Handler, threw: Threw): Handler {
  return async (...parameters) => {
    const requestId = currentRequest()?.requestId;
    try {
      return await handler(...parameters);
    } catch (error) {
      if (requestId !== undefined) threw(requestId, error);
      throw error;
    }
  };
}
