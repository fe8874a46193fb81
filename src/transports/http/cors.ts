/**
 * Cross-origin requests of web pages (Fetch, "HTTP CORS protocol"). Only an origin that the guard allows gets these
 * headers. It gets them on rejections too; otherwise the page could not see the reason.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a page's script may read of an answer, besides the status, the body and a few common headers. */
const EXPOSED_HEADERS = 'Mcp-Session-Id, Mcp-Protocol-Version, WWW-Authenticate, Retry-After';
const METHODS = 'GET, POST, DELETE';
/** Used if the browser does not ask for headers by name. */
const HEADERS =
  'Authorization, Content-Type, Accept, Last-Event-ID, Mcp-Session-Id, Mcp-Protocol-Version, Mcp-Method, Mcp-Name';
/** Chromium keeps the answer to a preflight request no longer than this. */
const MAX_AGE_SECONDS = 7_200;
/** Names of headers and their separators (RFC 9110, section 5.6.2). */
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~, -]{1,2000}$/;

/** Lets a page of this origin read the answer. Must be called before anything is written. */
export function shareWith(origin: string, response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-expose-headers', EXPOSED_HEADERS);
  response.setHeader('vary', 'Origin');
}

/** Whether a browser asks if it may send a page's request. Such a question carries no token. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

/** Grants a preflight request of an origin that may read answers. The request that follows is checked as any other. */
export function answerPreflight({ headers }: IncomingMessage, response: ServerResponse): void {
  const asked = headers['access-control-request-headers'];
  response
    .writeHead(204, {
      'access-control-allow-methods': METHODS,
      // A programmer's `metadata` may read any header.
      'access-control-allow-headers': asked !== undefined && HEADER_NAMES.test(asked) ? asked : HEADERS,
      'access-control-max-age': String(MAX_AGE_SECONDS),
      ...(headers['access-control-request-private-network'] === 'true' && {
        'access-control-allow-private-network': 'true',
      }),
    })
    .end();
}
