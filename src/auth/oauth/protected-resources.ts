/**
 * The endpoints as OAuth sees them: each is a protected resource with an identifier, metadata (RFC 9728) and a challenge.
 * All URLs are made of `public-url`, never of what a request says of itself.
 */
import type { ProtectedEndpoint } from '../authentication.js';
import { canonicalResource } from './access-token.js';

/** RFC 9728, section 3.1. */
const METADATA_PATH = '/.well-known/oauth-protected-resource';
const REALM = 'Bearer realm="mcp-bulkhead"';

export interface ProtectedResourcesOptions {
  /** What users type, up to the path of an endpoint; `undefined`: the listener's own address. */
  readonly publicUrl: URL | undefined;
  /** Authorization servers; none: the endpoints are not described. */
  readonly issuers: readonly string[];
  /** What a client asks for when it signs in. */
  readonly scopes: readonly string[];
  /** All servers by name. */
  readonly servers: () => Iterable<{ readonly name: string }>;
}

export class ProtectedResources {
  readonly #options: ProtectedResourcesOptions;
  readonly #endpoints = new Map<string, ProtectedEndpoint>();
  /** Without a slash at its end. */
  #base: string;

  constructor(options: ProtectedResourcesOptions) {
    this.#options = options;
    this.#base = canonicalResource(options.publicUrl?.href ?? 'http://localhost');
  }

  /** The listener has this address. Counts if `public-url` was not given. */
  locate(url: URL): void {
    if (this.#options.publicUrl !== undefined) return;
    this.#base = canonicalResource(url.origin);
    this.#endpoints.clear();
  }

  /**
   * @param path of the endpoint, below `public-url`: such as `/mcp`, `/notes/mcp`, or nothing where a program has mounted the
   *   only endpoint; `undefined`: none of them
   * @param server its name; `undefined` only without a path
   */
  endpoint(path: string | undefined, server: string | undefined): ProtectedEndpoint {
    const key = `${path} ${server}`;
    let endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) {
      endpoint = this.#create(path, server);
      // There are only as many as servers have endpoints.
      this.#endpoints.set(key, endpoint);
    }
    return endpoint;
  }

  /**
   * The metadata of the resource that such a request asks for, as text; `undefined`: there is none.
   * @param path of the request, such as `/.well-known/oauth-protected-resource/mcp`
   */
  metadata(path: string): string | undefined {
    const { issuers, scopes } = this.#options;
    if (issuers.length === 0 || !path.startsWith(METADATA_PATH)) return undefined;
    const rest = path.slice(METADATA_PATH.length);
    const { pathname } = new URL(this.#base);
    const prefix = pathname.replace(/\/$/, '');
    const below = prefix !== '' && rest.startsWith(`${prefix}/`) ? rest.slice(prefix.length) : rest;
    const resources = this.#resources();
    // At the root, it is that of the only server: several have nothing in common.
    const found =
      rest === ''
        ? resources.find(({ isMain }) => isMain)
        : resources.find(({ path: own }) => own === (rest === prefix ? '' : below));
    if (found === undefined) return undefined;
    return JSON.stringify({
      resource: this.#base + found.path,
      authorization_servers: issuers,
      ...(scopes.length > 0 && { scopes_supported: scopes }),
      bearer_methods_supported: ['header'],
      resource_name: found.server,
    });
  }

  /** All endpoints that a client can be told to connect to. */
  #resources(): { readonly path: string; readonly server: string; readonly isMain: boolean }[] {
    const names = [...this.#options.servers()].map(({ name }) => name);
    const [only] = names.length === 1 ? names : [];
    const own = names.flatMap((server) =>
      ['/mcp', '/sse'].map((endpoint) => ({ path: `/${server}${endpoint}`, server, isMain: false })),
    );
    if (only === undefined) return own;
    return [
      { path: '/mcp', server: only, isMain: true },
      { path: '/sse', server: only, isMain: false },
      { path: '', server: only, isMain: false },
      ...own,
    ];
  }

  #create(path: string | undefined, server: string | undefined): ProtectedEndpoint {
    const asked = path?.replace(/\/messages$/, '/sse');
    const resources = this.#resources().filter((one) => server === undefined || one.server === server);
    const paths = resources.map((one) => one.path);
    const [first] = asked !== undefined && paths.includes(asked) ? [asked] : paths;
    const ordered = [...new Set([...(first === undefined ? [] : [first]), ...paths])];
    const audiences = ordered.map((one) => this.#base + one);
    const { issuers, scopes } = this.#options;
    const metadata =
      issuers.length === 0 || first === undefined ? '' : `, resource_metadata="${this.#metadataUrl(first)}"`;
    return {
      audiences,
      challenge: (error, description, needed = scopes) =>
        REALM +
        metadata +
        (needed.length > 0 ? `, scope="${needed.join(' ')}"` : '') +
        (error === undefined ? '' : `, error="${error}"`) +
        (error === undefined || description === undefined
          ? ''
          : `, error_description="${quotable(description)}"`),
    };
  }

  #metadataUrl(path: string): string {
    const { origin, pathname } = new URL(this.#base);
    return `${origin}${METADATA_PATH}${pathname.replace(/\/$/, '')}${path}`;
  }
}

/** RFC 6750, section 3: neither `"` nor `\`, and nothing beyond ASCII. */
function quotable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x7e]|\\/g, '?');
}
