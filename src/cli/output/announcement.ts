/** What `bulkhead serve` prints when it listens: where its servers are, and how Claude Code connects to them. */
import type { ResolvedOptions } from '../../config/options.js';
import type { Gateway } from '../../gateway.js';
import { safeLine } from './safe-text.js';

type Announced = Pick<Gateway, 'url' | 'adminUrl' | 'servers'>;
type AnnouncedOptions = Pick<
  ResolvedOptions,
  'token' | 'tokensFile' | 'authIssuer' | 'publicUrl' | 'serverModule'
>;

export function announcement(gateway: Announced, options: AnnouncedOptions): string {
  const { serverModule, publicUrl } = options;
  const header = headerFor(options);
  const servers = gateway.servers();
  const endpoint = (name: string): URL =>
    servers.length === 1 ? gateway.url : new URL(`/${name}/mcp`, gateway.url);
  const lines = servers.map(({ name, reason }) => {
    const { href } = endpoint(name);
    return reason === undefined ? href : `${href}   cannot be served: ${safeLine(reason)}`;
  });
  const served = servers.filter(({ reason }) => reason === undefined);
  return [
    ...lines.map(
      (line, index) =>
        `${index > 0 ? '' : lines.length === 1 ? 'MCP server' : 'MCP servers'}`.padEnd(15) + line,
    ),
    `Admin server   ${gateway.adminUrl.href}`,
    ...(served.length === 0 ? [] : ['Connect Claude Code:']),
    ...served.map(({ name, serverInfo }) => {
      // A single module has its file's name here, which is often "server": it says itself what it is called.
      const shown = (serverModule === undefined ? undefined : clientName(serverInfo?.name)) ?? name;
      return `  claude mcp add --transport http ${shown} ${shownAddress(endpoint(name), publicUrl)}${header}`;
    }),
    '',
  ].join('\n');
}

const MAX_NAME_CHARS = 64;

/** As Claude Code takes names: letters, digits, "-" and "_"; `undefined` if nothing is left. */
function clientName(name = ''): string | undefined {
  const parts = name.match(/[A-Za-z0-9_]+/g) ?? [];
  return parts.join('-').slice(0, MAX_NAME_CHARS) || undefined;
}

/** Whoever signs in at an authorization server needs no header. */
function headerFor({ token, tokensFile, authIssuer }: AnnouncedOptions): string {
  if (authIssuer !== undefined || (token === undefined && tokensFile === undefined)) return '';
  return ` --header "Authorization: Bearer ${token === undefined ? '<token>' : '$BULKHEAD_TOKEN'}"`;
}

function shownAddress(url: URL, publicUrl: URL | undefined): string {
  return publicUrl === undefined ? reachable(url) : publicUrl.href.replace(/\/$/, '') + url.pathname;
}

/** A wildcard address is for listening, not for connecting. */
function reachable(url: URL): string {
  const address = new URL(url);
  if (address.hostname === '0.0.0.0') address.hostname = '127.0.0.1';
  if (address.hostname === '[::]') address.hostname = '[::1]';
  return address.href;
}
