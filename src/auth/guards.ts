/**
 * From where a listener may be used: checks of the Host header and the Origin header, as pure functions of a request's
 * headers, in time linear in their length. They prevent a web page from reaching a loopback server through the browser by
 * DNS rebinding (2025-11-25, Transports, "Security Warning").
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { Rejection } from '../protocol/rejection.js';

export interface GuardOptions {
  /** Host names, with or without a port; IPv6 addresses in brackets. Without a port, any port is allowed. */
  readonly allowedHosts: readonly string[];
  /** Full origins such as `https://app.example`; or host names, which allow any scheme and port; or `null`. */
  readonly allowedOrigins: readonly string[];
  /**
   * Whether a Host that is an IP address is always allowed: a name can be rebound to another address, an address
   * cannot. For listeners that other machines reach, whose health checks use the address.
   */
  readonly allowsAddresses: boolean;
  /** Whether a link on another site's page may lead here. */
  readonly allowsLinks: boolean;
}

export interface GuardRejection extends Rejection<'host' | 'origin'> {
  readonly status: 403;
}

export interface Guard {
  /**
   * Checks Host, then Origin if there is one, then where a browser says that the request comes from.
   * @param host the host of a request target in absolute form; it replaces the header
   */
  site(headers: IncomingHttpHeaders, host?: string): GuardRejection | undefined;
}

/** How many accepted header values are remembered, so that they are not parsed for each request. */
const REMEMBERED_VALUES = 64;

/** No name is longer than 255 characters (RFC 1035, section 2.3.4), and a port has five digits. */
const MAX_HOST_CHARS = 255 + ':65535'.length;

const HOST_NOT_ALLOWED: GuardRejection = {
  status: 403,
  reason: 'host',
  message: 'The Host header names a host that is not allowed here: add it to allowed-hosts if it is yours.',
};
const ORIGIN_NOT_ALLOWED: GuardRejection = {
  status: 403,
  reason: 'origin',
  message:
    'The Origin header names an origin that is not allowed here: add it to allowed-origins if it is yours.',
};
const SITE_NOT_ALLOWED: GuardRejection = {
  status: 403,
  reason: 'origin',
  message:
    "Another site's page makes this request (Sec-Fetch-Site: cross-site), and says no Origin that is in allowed-origins.",
};

export function createGuard(options: GuardOptions): Guard {
  const { allowedHosts, allowedOrigins, allowsAddresses, allowsLinks } = options;
  const isHostAllowed = remember(hostMatcher(allowedHosts, allowsAddresses));
  const isOriginAllowed = remember(originMatcher(allowedOrigins));

  return {
    site(headers, host = headers.host) {
      if (host === undefined || !isHostAllowed(host)) return HOST_NOT_ALLOWED;
      if (headers.origin !== undefined)
        return isOriginAllowed(headers.origin) ? undefined : ORIGIN_NOT_ALLOWED;
      // An image or a form on any page sends no Origin with a GET, but would open a session.
      if (headers['sec-fetch-site'] !== 'cross-site') return undefined;
      return allowsLinks && isLink(headers) ? undefined : SITE_NOT_ALLOWED;
    },
  };
}

/**
 * Whether the browser navigates to the address itself, in a window of its own (Fetch Metadata, sections 2.1 and 2.2).
 */
function isLink(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

interface HostAndPort {
  readonly name: string;
  readonly port: string | undefined;
}

function hostMatcher(allowedHosts: readonly string[], allowsAddresses: boolean): (value: string) => boolean {
  const allowed = allowedHosts.map(parseHost).filter((host) => host !== undefined);
  return (value) => {
    const host = parseHost(value);
    if (host === undefined) return false;
    if (allowsAddresses && isIP(host.name.replace(/^\[|\]$/g, '')) !== 0) return true;
    return allowed.some(({ name, port }) => {
      if (name !== host.name) return false;
      // Without a port, the Host header means the default port of the scheme.
      return (
        port === undefined || (host.port === undefined ? port === '80' || port === '443' : port === host.port)
      );
    });
  };
}

/**
 * `name[:port]` (RFC 9110, section 7.2), or `undefined` for anything else. An IPv6 address without brackets is accepted
 * too.
 */
function parseHost(value: string): HostAndPort | undefined {
  if (value.length > MAX_HOST_CHARS) return undefined;
  const text = value.trim().toLowerCase();
  const bracketed = isIP(text) === 6 ? `[${text}]` : text;
  const match = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\,%]+)(?::(\d{1,5}))?$/.exec(bracketed);
  if (match?.[1] === undefined) return undefined;
  const name = match[1].startsWith('[') ? shortestIPv6(match[1]) : match[1].replace(/\.$/, '');
  return { name, port: match[2] };
}

/** `[0:0:0:0:0:0:0:1]` and `[::1]` are the same address. */
function shortestIPv6(bracketed: string): string {
  const url = `http://${bracketed}`;
  return URL.canParse(url) ? new URL(url).hostname : bracketed;
}

function originMatcher(allowedOrigins: readonly string[]): (value: string) => boolean {
  const entries = allowedOrigins.map((entry) => entry.trim().toLowerCase());
  const origins = new Set(
    entries.filter((entry) => entry.includes('://')).map((entry) => parseOrigin(entry)?.origin),
  );
  const names = entries.filter((entry) => !entry.includes('://') && entry !== 'null').map(parseHost);
  const allowsNull = entries.includes('null');
  return (value) => {
    const text = value.trim().toLowerCase();
    if (text === 'null') return allowsNull;
    const parsed = parseOrigin(text);
    if (parsed === undefined) return false;
    if (origins.has(parsed.origin)) return true;
    return names.some((host) => {
      return host?.name === parsed.name && (host.port === undefined || host.port === parsed.port);
    });
  };
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * Scheme, host and port (RFC 6454). `URL.origin` does not help: it is `null` for the schemes of editors and extensions.
 */
function parseOrigin(text: string): { origin: string; name: string; port: string | undefined } | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, host, hostname, port, pathname, search, hash: fragment, username } = new URL(text);
  if ((pathname !== '' && pathname !== '/') || search !== '' || fragment !== '' || username !== '') {
    return undefined;
  }
  return {
    origin: `${protocol}//${host}`,
    name: hostname.replace(/\.$/, ''),
    port: port === '' ? DEFAULT_PORTS[protocol] : port,
  };
}

/** Only accepted values are remembered, and only few, so that nobody can fill the memory with rejected ones. */
function remember(accepts: (value: string) => boolean): (value: string) => boolean {
  const accepted = new Set<string>();
  return (value) => {
    if (accepted.has(value)) return true;
    if (!accepts(value)) return false;
    if (accepted.size >= REMEMBERED_VALUES) accepted.clear();
    accepted.add(value);
    return true;
  };
}
