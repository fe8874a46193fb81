/** A session of an MCP server over HTTP, opened and ended as the specification requires. */
import { setTimeout as delay } from 'node:timers/promises';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import {
  StreamableHTTPClientTransport,
  StreamableHTTPError,
} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CommandFailure } from '../failure.js';
import type { HttpOptions } from './client-options.js';
import { rootMessage } from './root-message.js';
import type { ServerConnection } from './server-connection.js';
import { openSession } from './session-connection.js';

type HttpTransport = StreamableHTTPClientTransport | SSEClientTransport;

/** How long ending may take: the server may already be gone. */
const FAREWELL_MS = 2_000;

/**
 * Connects over Streamable HTTP, or over HTTP+SSE if the server refuses the POST (2025-11-25, Transports, "Backwards
 * Compatibility").
 * @throws {CommandFailure} if neither works
 */
export async function httpSession(options: HttpOptions): Promise<ServerConnection> {
  const { url, headers } = options;
  const requestInit = { headers: { ...headers } };
  try {
    return await open(new StreamableHTTPClientTransport(url, { requestInit }), options);
  } catch (error) {
    if (options.signal.aborted || !suggestsOlderServer(error)) throw connectFailure(url, error);
    try {
      return await open(new SSEClientTransport(url, { requestInit }), options);
    } catch (olderError) {
      throw options.signal.aborted ? connectFailure(url, olderError) : connectFailure(url, error);
    }
  }
}

/** Not with 401, 403 or 429, which mean that the server understands the request and refuses this client. */
function suggestsOlderServer(error: unknown): boolean {
  if (!(error instanceof StreamableHTTPError) || error.code === undefined) return false;
  return error.code >= 400 && error.code < 500 && ![401, 403, 429].includes(error.code);
}

/** Its end sends DELETE if the transport has sessions. */
function open(transport: HttpTransport, options: HttpOptions): Promise<ServerConnection> {
  const notices = trackNotifications(transport);
  return openSession(transport, options, async () => {
    await upTo(FAREWELL_MS, Promise.allSettled(notices));
    if (transport instanceof StreamableHTTPClientTransport) {
      await upTo(FAREWELL_MS, Promise.allSettled([transport.terminateSession()]));
    }
  });
}

/**
 * Notifications that are being sent. `notifications/cancelled` is sent without waiting for it, and closing the
 * connection too early would lose it.
 */
function trackNotifications(transport: Transport): Set<Promise<void>> {
  const underway = new Set<Promise<void>>();
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    const sent = send(message, options);
    if (!('id' in message)) {
      underway.add(sent);
      const settled = (): boolean => underway.delete(sent);
      sent.then(settled, settled);
    }
    return sent;
  };
  return underway;
}

/** Waits for the work, at most this long. */
async function upTo(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const controller = new AbortController();
  const timer = delay(milliseconds, undefined, { signal: controller.signal }).catch((error: unknown) => {
    if (!controller.signal.aborted) throw error;
  });
  await Promise.race([work, timer]);
  controller.abort();
  await timer;
}

/** Neither way of connecting worked. */
export function connectFailure(url: URL, error: unknown): CommandFailure {
  const hint = url.pathname === '/' ? ' (MCP servers are mostly found at /mcp)' : '';
  return new CommandFailure(`Can't connect to ${url.href}: ${rootMessage(error)}${hint}.`, { cause: error });
}
