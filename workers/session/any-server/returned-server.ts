/** What a module's `createServer` may return, and how it is told that it returned something else. */
import type { ConnectableServer } from '../../../src/shared/define-server.js';
import { isFields } from '../../../src/shared/fields.js';

/** What both SDKs' servers have. `McpServer` has its `Server` in `server`. */
interface SdkServer {
  readonly server?: unknown;
  readonly transport?: unknown;
  readonly setRequestHandler?: unknown;
  getClientCapabilities?: unknown;
  onerror?: unknown;
}

/** @throws {TypeError} with one sentence that says what to return */
export function checkedServer(returned: unknown): ConnectableServer {
  if (!isFields(returned)) {
    const what = described(returned);
    throw new TypeError(`createServer returned ${what}; return the server that the session is to have`);
  }
  if (typeof returned.connect !== 'function') {
    const inside = Object.keys(returned).find((key) => hasConnect(returned[key]));
    const hint = inside === undefined ? 'return a server of an SDK' : `return its \`${inside}\``;
    throw new TypeError(`createServer returned an object without connect(transport); ${hint}`);
  }
  const server = returned as unknown as ConnectableServer & SdkServer;
  if (isConnected(server)) {
    throw new TypeError(
      'the server that createServer returned is connected already; return it without calling connect()',
    );
  }
  return server;
}

function described(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/** Both SDKs report what no answer tells of through `onerror`, which is for the server's author. */
export function reportErrors(server: ConnectableServer, report: (error: Error) => void): void {
  const sdkServer = protocolOf(server);
  if (typeof sdkServer.setRequestHandler === 'function') sdkServer.onerror ??= report;
}

/**
 * A handler that looks before it asks sees what the client has declared on this very request.
 * @param declared what that is; `undefined` outside of a handler
 */
export function declareByRequest(server: ConnectableServer, declared: () => object | undefined): void {
  const sdkServer = protocolOf(server);
  const { getClientCapabilities } = sdkServer;
  if (typeof getClientCapabilities !== 'function') return;
  sdkServer.getClientCapabilities = () => declared() ?? getClientCapabilities.call(sdkServer);
}

function isConnected(server: ConnectableServer): boolean {
  return (protocolOf(server).transport ?? undefined) !== undefined;
}

/** The SDK's `Server`, if it is a server of an SDK; otherwise the server itself. */
export function protocolOf(server: ConnectableServer & SdkServer): SdkServer {
  return isFields(server.server) ? server.server : server;
}

function hasConnect(value: unknown): boolean {
  return isFields(value) && typeof value.connect === 'function';
}
