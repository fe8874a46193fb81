/** One HTTP request with its redirects, within a time limit, a size limit and an address check. */

import { messageOf } from '../../src/shared/errors.js';
import { importModule } from '../session/import-module.js';
import { sessionLookup } from './name-lookups.js';
import { type AddressCheck, guardedConnector, guardedLookup } from './public-address.js';
import { ToolError } from './tool-result.js';

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly timeoutMs: number;
  /** How much of the response's body is read. */
  readonly maxBytes: number;
  /** Which addresses may be connected to, for each redirect as well; any address if it is left out. */
  readonly isAllowed: AddressCheck | undefined;
}

export interface HttpResponse {
  /** The URL of the response, after redirects. */
  readonly url: string;
  readonly status: number;
  readonly headers: Record<string, string | string[]>;
  readonly body: Uint8Array;
  /** Whether the body continued after `maxBytes`. */
  readonly truncated: boolean;
  /** The URLs that redirected, in order. */
  readonly redirects: string[];
}

type Hop = Pick<HttpRequest, 'method' | 'headers' | 'body'> & { readonly url: URL };
type Undici = typeof import('undici');

const MAX_REDIRECTS = 5;
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Headers for one origin are not sent to another (Fetch, "HTTP-redirect fetch"). */
const ORIGIN_HEADERS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);
/**
 * Set by the connection itself. With a `host` of its own choice, a client could reach a server that was not checked.
 */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set(
  'connection content-length expect host keep-alive proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

/**
 * @throws {ToolError} for a request that cannot be made, was refused, timed out or failed
 * @throws the signal's reason when it aborts
 */
export async function exchangeHttp(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  const url = checkedUrl(request.url);
  const forbidden = Object.keys(request.headers).find((name) => CONNECTION_HEADERS.has(name.toLowerCase()));
  if (forbidden !== undefined) {
    throw new ToolError(`The header "${forbidden}" is set by the connection; leave it out.`);
  }
  signal.throwIfAborted();
  // Not part of the worker's bundle, because most sessions never need it.
  const undici = (await importModule('undici')) as Undici;
  const deadline = new AbortController();
  const cancel = () => deadline.abort(signal.reason);
  const timer = setTimeout(
    () =>
      deadline.abort(
        new ToolError(`${url.href} took over ${request.timeoutMs} ms; raise timeoutMs or try later.`),
      ),
    request.timeoutMs,
  );
  signal.addEventListener('abort', cancel, { once: true });
  const agent = new undici.Agent({ connect: connector(undici, request) });
  try {
    const first: Hop = { method: request.method, url, headers: request.headers, body: request.body };
    return await follow(undici, agent, first, request.maxBytes, deadline.signal);
  } catch (error) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    if (error instanceof ToolError) throw error;
    throw new ToolError(
      `The request to ${url.href} failed: ${causeOf(error)}; check the URL and the server.`,
      {
        cause: error,
      },
    );
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
    await agent.destroy();
  }
}

function connector({ buildConnector }: Undici, { isAllowed, timeoutMs }: HttpRequest) {
  if (isAllowed === undefined) return buildConnector({ timeout: timeoutMs, lookup: sessionLookup });
  return guardedConnector(
    buildConnector({ timeout: timeoutMs, lookup: guardedLookup(isAllowed) }),
    isAllowed,
  );
}

async function follow(
  undici: Undici,
  dispatcher: import('undici').Agent,
  first: Hop,
  maxBytes: number,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const redirects: string[] = [];
  let hop = first;
  for (;;) {
    const { method, url, headers, body } = hop;
    const response = await undici.request(url, {
      dispatcher,
      method: method as import('undici').Dispatcher.HttpMethod,
      headers,
      body: body ?? null,
      signal,
    });
    const { location } = response.headers;
    if (!REDIRECT_STATUSES.has(response.statusCode) || typeof location !== 'string') {
      const read = await readBody(response.body, maxBytes);
      return {
        url: url.href,
        status: response.statusCode,
        headers: definedHeaders(response.headers),
        ...read,
        redirects,
      };
    }
    if (redirects.length === MAX_REDIRECTS) {
      throw new ToolError(
        `${first.url.href} redirects more than ${MAX_REDIRECTS} times; request the target itself.`,
      );
    }
    redirects.push(url.href);
    await response.body.dump({ limit: 16_384, signal });
    hop = redirected(hop, response.statusCode, checkedUrl(location, url));
  }
}

/** The next request after a redirect (RFC 9110, section 15.4). */
function redirected({ method, url, headers, body }: Hop, status: number, target: URL): Hop {
  const toGet = status === 303 ? method !== 'HEAD' : (status === 301 || status === 302) && method === 'POST';
  const kept = Object.entries(headers).filter(([name]) => {
    const lower = name.toLowerCase();
    if (toGet && lower.startsWith('content-')) return false;
    return target.origin === url.origin || !ORIGIN_HEADERS.has(lower);
  });
  return {
    method: toGet ? 'GET' : method,
    url: target,
    headers: Object.fromEntries(kept),
    body: toGet ? undefined : body,
  };
}

async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number) {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) break;
  }
  return { body: Buffer.concat(chunks).subarray(0, maxBytes), truncated: length > maxBytes };
}

function definedHeaders(
  headers: Record<string, string | string[] | undefined>,
): Record<string, string | string[]> {
  const defined: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) defined[name] = value;
  return defined;
}

function checkedUrl(text: string, base?: URL): URL {
  if (!URL.canParse(text, base?.href)) {
    throw new ToolError(`"${text}" is not a URL; write one like https://example.com/path.`);
  }
  const url = new URL(text, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ToolError(`${url.protocol} cannot be requested; use http: or https:.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new ToolError('Credentials in a URL are not sent; put them into an Authorization header.');
  }
  url.hash = '';
  return url;
}

/** If every address of a name failed, the error has a code but no message of its own. */
function causeOf(error: unknown): string {
  const text = messageOf(error);
  if (text !== '') return text;
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
