/** Which server a request is for, by its path: `/<name>/mcp`, and `/mcp` where there is just one. */
import type { SessionManager } from '../../session/session-manager.js';
import type { HttpRejection } from './reply.js';

/** A server of the catalogue, as clients meet it. */
export interface ServedServer {
  readonly name: string;
  /** `undefined` while it can't be served. */
  readonly sessions: SessionManager | undefined;
  /** Why it can't, one sentence. */
  readonly unavailable: string | undefined;
}

export interface ServerDirectory {
  /** The one server, where there are no others. */
  readonly only: ServedServer | undefined;
  get(name: string): ServedServer | undefined;
  all(): Iterable<ServedServer>;
}

/** Below a server's name, or at the root where there is just one. */
export const ENDPOINTS = ['/mcp', '/sse', '/messages'] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

const PATH = /^(?:\/([\w-]{1,200}))?(\/(?:mcp|sse|messages))$/;
/** Names that are listed in an answer to a path that there is none of. */
const MAX_NAMES_TOLD = 50;

/**
 * @param path without a slash at its end
 * @returns the endpoint, and the server's name where the path has one; `undefined` for every other path
 */
export function endpointOf(
  path: string,
): { readonly name: string | undefined; readonly endpoint: Endpoint } | undefined {
  const found = PATH.exec(path);
  return found === null ? undefined : { name: found[1], endpoint: found[2] as Endpoint };
}

export function notFound(directory: ServerDirectory): HttpRejection {
  const names = [...directory.all()].map(({ name }) => name);
  const told = names.slice(0, MAX_NAMES_TOLD).join(', ') + (names.length > MAX_NAMES_TOLD ? ', …' : '');
  return {
    status: 404,
    reason: 'not_found',
    message:
      directory.only === undefined
        ? `Not found: each server has /<name>/mcp (Streamable HTTP) and /<name>/sse (legacy HTTP+SSE); the names are ${told}`
        : 'Not found: this server has /mcp (Streamable HTTP) and /sse (legacy HTTP+SSE)',
  };
}

export function unavailable({ name, unavailable: why }: ServedServer): HttpRejection {
  return {
    status: 503,
    reason: 'server_unavailable',
    message: `The server "${name}" cannot be served: ${why ?? 'it is being started'}. It is tried again from time to time.`,
  };
}

/** For a person's browser: what there is, and where. Names are of the catalogue: letters, digits, `-` and `_`. */
export function indexPage(directory: ServerDirectory): string {
  const rows = [...directory.all()].map(({ name, unavailable: why }) => {
    const state = why === undefined ? '' : ` <strong>cannot be served: ${escaped(why)}</strong>`;
    return `<li><code>/${name}/mcp</code>${state}</li>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>MCP servers</title>
<h1>MCP servers</h1>
<ul>
${rows.join('\n')}
</ul>
<p>Each is a Streamable HTTP endpoint of the Model Context Protocol; <code>/&lt;name&gt;/sse</code> is the legacy one.</p>
</html>
`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
