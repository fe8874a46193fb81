/** A client's connection to any MCP server over HTTP, opened and ended as the specification requires. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import {
  StreamableHTTPClientTransport,
  StreamableHTTPError,
} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { formatDuration } from '../config/duration.js';
import { CommandFailure } from './failure.js';

type HttpTransport = StreamableHTTPClientTransport | SSEClientTransport;

export interface ConnectOptions {
  readonly url: URL;
  readonly token: string | undefined;
  readonly version: string;
  /** For the connection, and for each request. */
  readonly timeoutMs: number;
  /** Aborts whatever is in progress. */
  readonly signal: AbortSignal;
}

interface Connection {
  readonly client: Client;
  /** Ends the session with DELETE if the transport has sessions, then closes everything. */
  end(): Promise<void>;
}

/** How long ending may take: the server may already be gone. */
const FAREWELL_MS = 2_000;

/**
 * Connects over Streamable HTTP, or over HTTP+SSE if the server refuses the POST (2025-11-25, Transports, "Backwards
 * Compatibility").
 * @throws {CommandFailure} if neither works
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { url, token } = options;
  const requestInit = token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } };
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

async function open(transport: HttpTransport, options: ConnectOptions): Promise<Connection> {
  const { version, timeoutMs } = options;
  const client = new Client({ name: 'bulkhead-call', version });
  const notices = trackNotifications(transport);
  const end = async (): Promise<void> => {
    await upTo(FAREWELL_MS, Promise.allSettled(notices));
    if (transport instanceof StreamableHTTPClientTransport) {
      await upTo(FAREWELL_MS, Promise.allSettled([transport.terminateSession()]));
    }
    await client.close();
  };
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    await orAbort(
      client.connect(transport, { timeout: timeoutMs }),
      AbortSignal.any([options.signal, deadline]),
    );
  } catch (error) {
    await end();
    if (deadline.aborted) throw new CommandFailure(`no answer within ${formatDuration(timeoutMs)}`);
    throw error;
  }
  return { client, end };
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

function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(new CommandFailure('interrupted'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Neither way of connecting worked. */
export function connectFailure(url: URL, error: unknown): CommandFailure {
  const hint = url.pathname === '/' ? ' (MCP servers are mostly found at /mcp)' : '';
  return new CommandFailure(`Can't connect to ${url.href}: ${rootMessage(error)}${hint}.`, { cause: error });
}

/** The message of what was thrown; for `fetch failed`, the message of its cause. */
export function rootMessage(error: unknown): string {
  if (error instanceof StreamableHTTPError) return httpMessage(error);
  if (error instanceof AggregateError && error.errors.length > 0) return rootMessage(error.errors[0]);
  if (error instanceof Error && error.cause instanceof Error) return rootMessage(error.cause);
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}

/**
 * The SDK puts the whole body of the response into its message. If it is a JSON-RPC error, that error's own message is
 * clearer.
 */
function httpMessage(error: StreamableHTTPError): string {
  const body = /"message"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(error.message)?.[1];
  const sentence = body === undefined ? error.message.slice(0, 300) : String(JSON.parse(body));
  return `HTTP ${error.code}: ${sentence.replace(/\.$/, '')}`;
}
