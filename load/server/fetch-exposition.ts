/** Scrapes a server's metrics. Each scrape has its own connection, so that none stays open in between. */
import { Agent, request } from 'undici';
import { formatDuration } from '../../src/config/duration.js';
import { messageOf } from '../../src/shared/errors.js';
import { withoutUserInfo } from '../shown-url.js';
import { type Exposition, ExpositionError, parseExposition } from './exposition.js';
import { ServerUnreadable } from './server-unreadable.js';

/** A server with thousands of series serves about a megabyte. */
const MAX_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 10_000;
/** OpenMetrics only if there is nothing else, because it renames counters. */
const ACCEPT = 'text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.5, */*;q=0.1';

export interface FetchOptions {
  /** For the whole scrape. */
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal | undefined;
  /** The header of that name. */
  readonly authorization?: string | undefined;
}

/**
 * @throws {ServerUnreadable} with one sentence, if no exposition can be read
 * @throws the signal's reason, when it aborts
 */
export async function fetchExposition(url: string, options: FetchOptions = {}): Promise<Exposition> {
  const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, signal, authorization } = options;
  signal?.throwIfAborted();
  const address = withoutCredentials(url);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  const stop = AbortSignal.any([deadline.signal, ...(signal === undefined ? [] : [signal])]);
  const agent = new Agent({
    // The deadline is the only limit; undici's own limit would end a longer one.
    connect: { timeout: 0 },
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: maxBytes,
  });
  try {
    const headers = { accept: ACCEPT, ...(authorization !== undefined && { authorization }) };
    const response = await request(address, { dispatcher: agent, headers, signal: stop });
    const { statusCode, headers: received, body } = response;
    if (statusCode !== 200) throw new Unfit(`the server answered HTTP ${statusCode}`);
    const openMetrics = String(received['content-type'] ?? '').startsWith('application/openmetrics-text');
    const exposition = parseExposition(await body.text(), openMetrics);
    if (exposition.families.size === 0) throw new Unfit('there are none');
    return exposition;
  } catch (error) {
    signal?.throwIfAborted();
    const problem = deadline.signal.aborted
      ? `no answer within ${formatDuration(timeoutMs)}`
      : describe(error, maxBytes);
    throw new ServerUnreadable(`Can't read metrics from ${address}: ${problem}.`, { cause: error });
  } finally {
    clearTimeout(timer);
    await agent.destroy();
  }
}

/**
 * The URL in the form in which it may be shown: without user and password.
 * @throws {ServerUnreadable} if it is not an HTTP URL
 */
export function withoutCredentials(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new ServerUnreadable('The address of the metrics must be an http: or https: URL.');
  }
  return withoutUserInfo(url);
}

/** An answer that is not an exposition. The message is a clause. */
class Unfit extends Error {}

function describe(error: unknown, maxBytes: number): string {
  if (error instanceof ExpositionError) return `not in Prometheus' text format: ${error.message}`;
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0], maxBytes);
  if ((error as { code?: unknown }).code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return `more than ${maxBytes} bytes`;
  }
  return messageOf(error).replace(/\.$/, '');
}
