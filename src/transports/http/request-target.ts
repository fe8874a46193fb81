/** The request target (RFC 9112, section 3.2): the route of a request, and its host. */
import type { IncomingMessage } from 'node:http';

export interface RequestTarget {
  /** As it was sent, without a slash at its end. */
  readonly path: string;
  /** Whether it was sent with a slash at its end, which several clients add. */
  readonly slash: boolean;
  /** Without the `?`. */
  readonly query: string;
  /**
   * Host and port of a target in absolute form, which a client sends to a forward proxy. They replace the Host header,
   * which must then be ignored (RFC 9112, section 3.2.2).
   */
  readonly host: string | undefined;
}

const SCHEMES = ['http://', 'https://'];
/** The end of the authority (RFC 3986, section 3.2). Some parsers also accept `\`. */
const END_OF_AUTHORITY = /[/?#\\]/;

export function readTarget(url: string): RequestTarget {
  if (url.startsWith('/')) return split(url, undefined);
  const scheme = SCHEMES.find((prefix) => url.slice(0, prefix.length).toLowerCase() === prefix);
  if (scheme === undefined) return split(url, undefined);
  const rest = url.slice(scheme.length);
  const end = rest.search(END_OF_AUTHORITY);
  return end === -1 ? split('/', rest) : split(rest.slice(end), rest.slice(0, end));
}

function split(text: string, host: string | undefined): RequestTarget {
  const queryStart = text.indexOf('?');
  const path = queryStart === -1 ? text : text.slice(0, queryStart);
  const query = queryStart === -1 ? '' : text.slice(queryStart + 1);
  const slash = path.length > 1 && path.endsWith('/');
  return { path: slash ? path.slice(0, -1) : path, slash, query, host };
}

/**
 * Whether a request has more than one Host line, which must be answered with 400 (RFC 9112, section 3.2). Node shows
 * only the first.
 */
export function hasSecondHost(rawHeaders: readonly string[]): boolean {
  let lines = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && (name === 'Host' || name === 'host' || name.toLowerCase() === 'host'))
      lines += 1;
  }
  return lines > 1;
}

/** A path that may be repeated in a page or a message. */
const PLAIN_PATH = /^(?:\/[\w.~-]{1,100}){1,10}$/;

/**
 * The target as the client sent it. A framework that mounts a handler below a path takes the path off `url`, and keeps the
 * whole in `originalUrl`, as Express and Connect do.
 */
export function sentTargetOf(request: Pick<IncomingMessage, 'url'>): string {
  const { originalUrl } = request as { readonly originalUrl?: unknown };
  return typeof originalUrl === 'string' ? originalUrl : (request.url ?? '/');
}

/** The path below which a framework has mounted the handler; empty if there is none, or if it has unusual characters. */
export function mountPathOf(request: Pick<IncomingMessage, 'url'>): string {
  const { path } = readTarget(sentTargetOf(request));
  const { path: rest } = readTarget(request.url ?? '/');
  const mount = rest === '/' ? path : path.endsWith(rest) ? path.slice(0, -rest.length) : '';
  return PLAIN_PATH.test(mount) ? mount : '';
}
