/**
 * Well-known paths (RFC 8615). The metadata of protected resources (RFC 9728) is there, outside of the token check and for
 * pages of any origin. Everything else is a plain 404, which tells a client that it need not sign in.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerPreflight, isPreflight } from './cors.js';
import { rejectionHeaders } from './staged-close.js';

type Headers = Readonly<Record<string, string>>;

const PREFIX = '/.well-known/';
const TEXT = 'text/plain; charset=utf-8';
/** How long a client may use the metadata without asking again. */
const MAX_AGE_SECONDS = 300;

export function isWellKnown(target: string): boolean {
  return target.startsWith(PREFIX);
}

/** @param metadata as JSON; `undefined`: there is none at this path */
export function answerWellKnown(
  request: IncomingMessage,
  response: ServerResponse,
  metadata: string | undefined,
): void {
  const { method } = request;
  const answer = (status: number, type: string, body: string, headers: Headers = {}): void => {
    response.writeHead(status, {
      'access-control-allow-origin': '*',
      'x-content-type-options': 'nosniff',
      ...headers,
      ...rejectionHeaders(request),
      'content-type': type,
      'content-length': Buffer.byteLength(body),
    });
    response.end(method === 'HEAD' ? undefined : body);
  };
  if (metadata === undefined) return answer(404, TEXT, 'Not found\n');
  if (isPreflight(request)) {
    response.setHeader('access-control-allow-origin', '*');
    return answerPreflight(request, response);
  }
  if (method !== 'GET' && method !== 'HEAD')
    return answer(405, TEXT, 'Method not allowed: this path takes GET\n', { allow: 'GET, HEAD' });
  answer(200, 'application/json', metadata, { 'cache-control': `public, max-age=${MAX_AGE_SECONDS}` });
}
