/** Which server a request is for, by its path: `/<name>/mcp`, or `/mcp` if there is only one server. */
import type { SessionManager } from '../../session/session-manager.js';
import { withoutPaths } from '../../shared/errors.js';
import type { HttpRejection } from './reply.js';

/** A server of the catalogue, as clients see it. */
export interface ServedServer {
  readonly name: string;
  /** `undefined` while it cannot be served. */
  readonly sessions: SessionManager | undefined;
  /** One sentence that says why it cannot be served, or `undefined`. */
  readonly unavailable: string | undefined;
}

export interface ServerDirectory {
  /** The only server, if there is just one. */
  readonly only: ServedServer | undefined;
  get(name: string): ServedServer | undefined;
  all(): Iterable<ServedServer>;
}

/** What pages and messages tell of the servers. */
export type ToldServers = Pick<ServerDirectory, 'only' | 'all'>;

/** The part of them that somebody may know of. */
export function visibleServers(
  directory: ServerDirectory,
  isVisible: (server: ServedServer) => boolean,
): ToldServers {
  const visible = [...directory.all()].filter(isVisible);
  return { only: directory.only, all: () => visible };
}

/** Below a server's name, or at the root if there is only one server. */
export const ENDPOINTS = ['/mcp', '/sse', '/messages'] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

const PATH = /^(?:\/([\w-]{1,200}))?(\/(?:mcp|sse|messages))$/;
/** How many names an answer to an unknown path lists. */
const MAX_NAMES_TOLD = 50;

/**
 * @param path without a slash at its end
 * @returns the endpoint, and the server's name if the path has one; `undefined` for any other path
 */
export function endpointOf(
  path: string,
): { readonly name: string | undefined; readonly endpoint: Endpoint } | undefined {
  const found = PATH.exec(path);
  return found === null ? undefined : { name: found[1], endpoint: found[2] as Endpoint };
}

/** @param mount the path below which a program serves the endpoints; a message contains no paths of the machine, so no such one */
export function notFound(directory: ToldServers, mount: string): HttpRejection {
  const names = [...directory.all()].map(({ name }) => name);
  const where = mount === '' ? '' : ', below the path where the program has mounted it';
  const told = names.slice(0, MAX_NAMES_TOLD).join(', ') + (names.length > MAX_NAMES_TOLD ? ', …' : '');
  return {
    status: 404,
    reason: 'not_found',
    message:
      directory.only === undefined
        ? `Not found. The servers here are: ${told === '' ? 'none that you may use' : told}. Each has the endpoints mcp (Streamable HTTP) and sse (legacy HTTP+SSE) below its name${where}`
        : `Not found: this server has /mcp (Streamable HTTP) and /sse (legacy HTTP+SSE)${where}`,
  };
}

export function unavailable({ name, unavailable: why }: ServedServer): HttpRejection {
  return {
    status: 503,
    reason: 'server_unavailable',
    message: `The server "${name}" cannot be served: ${withoutPaths(why ?? 'it is being started')}.`,
  };
}

/** A page for browsers that lists the servers and their addresses. The name of a broken entry may be any text. */
export function indexPage(directory: ToldServers, mount: string): string {
  const rows = [...directory.all()].map(({ name, unavailable: why }) => {
    const state =
      why === undefined ? '' : ` <strong>cannot be served: ${escaped(withoutPaths(why))}</strong>`;
    return `<li><code>${mount}/${escaped(name)}/mcp</code>${state}</li>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>MCP servers</title>
<h1>MCP servers</h1>
<ul>
${rows.join('\n')}
</ul>
<p>Each is a Streamable HTTP endpoint of the Model Context Protocol; <code>${mount}/&lt;name&gt;/sse</code> is the legacy one.</p>
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
