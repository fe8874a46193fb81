/** Who may use the endpoints, as the options say: the ways to find out who asks, and what they read and keep. */
import type { GatewayEmitter } from '../telemetry/events.js';
import { AuthenticationChain, type AuthenticationWay } from './authentication.js';
import { ClientCertificates } from './client-certificates.js';
import type { ListenerTls } from './listener-tls.js';
import { AccessTokens } from './oauth/access-tokens.js';
import { Issuer } from './oauth/issuer.js';
import { ProtectedResources } from './oauth/protected-resources.js';
import { type Authenticate, ProgramHook } from './program-hook.js';
import { optionToken, StaticTokens } from './static-tokens.js';
import { TlsCredentials } from './tls-credentials.js';
import { TokensFile } from './tokens-file.js';

export interface AccessOptions {
  readonly token: string | undefined;
  readonly tokensFile: string | undefined;
  readonly authIssuer: readonly string[] | undefined;
  readonly authClientId: string | undefined;
  readonly authClientSecret: string | undefined;
  readonly authAudience: readonly string[] | undefined;
  readonly authClaims: readonly string[] | undefined;
  readonly authScopes: readonly string[] | undefined;
  readonly publicUrl: URL | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsClientCa: string | undefined;
  readonly adminTlsCert: string | undefined;
  readonly adminTlsKey: string | undefined;
  readonly adminTlsClientCa: string | undefined;
}

export interface AccessParts {
  readonly options: AccessOptions;
  readonly events: GatewayEmitter;
  /** Of an embedding program. */
  readonly hook: Authenticate | undefined;
  readonly servers: () => Iterable<{ readonly name: string }>;
}

export interface Access {
  readonly authentication: AuthenticationChain;
  readonly resources: ProtectedResources;
  /** Without TLS, a listener has none. */
  readonly tls: { readonly mcp: ListenerTls | undefined; readonly admin: ListenerTls | undefined };
  /** Reads again what it was read from files. */
  reload(): void;
  close(): void;
}

/** @throws {TlsFileError} if the files of TLS have changed since the options were checked, and cannot be used now */
export function createAccess({ options, events, hook, servers }: AccessParts): Access {
  const { token, tokensFile: path, authIssuer: issuerUrls = [] } = options;
  const tls = tlsOf(options, events, { hasOtherWays: hook !== undefined || hasCredentials(options) });
  const given = token === undefined ? [] : [optionToken(token)];
  const hasTokens = token !== undefined || path !== undefined;
  const tokens = new StaticTokens(given);
  const file =
    path === undefined
      ? undefined
      : new TokensFile(path, events, (named) => tokens.replace([...named, ...given]));
  const ways: AuthenticationWay[] = [];
  if (hook !== undefined) ways.push(new ProgramHook(hook));
  if (tls.mcp?.clients !== undefined) ways.push(tls.mcp.clients);
  if (hasTokens) ways.push(tokens);
  if (issuerUrls.length > 0) ways.push(accessTokens(issuerUrls, options, events));
  return {
    authentication: new AuthenticationChain({
      ways,
      allowsAnonymous: ways.length === 0,
      takesTokens: hasTokens || issuerUrls.length > 0,
    }),
    resources: new ProtectedResources({
      publicUrl: options.publicUrl,
      issuers: issuerUrls,
      scopes: options.authScopes ?? [],
      servers,
    }),
    tls,
    reload: () => {
      tls.mcp?.credentials.reload();
      tls.admin?.credentials.reload();
      file?.read();
    },
    close: () => {
      tls.mcp?.credentials.close();
      tls.admin?.credentials.close();
      file?.close();
    },
  };
}

function hasCredentials({ token, tokensFile, authIssuer }: AccessOptions): boolean {
  return token !== undefined || tokensFile !== undefined || authIssuer !== undefined;
}

/** @param hasOtherWays whether a client of the MCP listener may have another credential than its certificate */
function tlsOf(
  options: AccessOptions,
  events: GatewayEmitter,
  { hasOtherWays }: { readonly hasOtherWays: boolean },
): Access['tls'] {
  const { tlsCert, tlsKey, tlsClientCa, adminTlsCert, adminTlsKey, adminTlsClientCa, token } = options;
  const clientsOf = (ca: string | undefined, isOnly: boolean): ClientCertificates | undefined =>
    ca === undefined ? undefined : new ClientCertificates(isOnly);
  const mcp = credentialsOf('tls-', tlsCert, tlsKey, tlsClientCa, events);
  try {
    const admin = credentialsOf('admin-tls-', adminTlsCert, adminTlsKey, adminTlsClientCa, events);
    return {
      mcp: mcp && { credentials: mcp, clients: clientsOf(tlsClientCa, !hasOtherWays) },
      admin: admin && { credentials: admin, clients: clientsOf(adminTlsClientCa, token === undefined) },
    };
  } catch (error) {
    mcp?.close();
    throw error;
  }
}

function credentialsOf(
  prefix: 'tls-' | 'admin-tls-',
  cert: string | undefined,
  key: string | undefined,
  clientCa: string | undefined,
  events: GatewayEmitter,
): TlsCredentials | undefined {
  if (cert === undefined || key === undefined) return undefined;
  return new TlsCredentials({ paths: { cert, key, clientCa }, prefix, events });
}

function accessTokens(
  issuerUrls: readonly string[],
  options: AccessOptions,
  events: GatewayEmitter,
): AccessTokens {
  const { authClientId: id, authClientSecret: secret, authAudience = [], authClaims = [] } = options;
  const client = id === undefined || secret === undefined ? undefined : { id, secret };
  return new AccessTokens({
    issuers: issuerUrls.map((issuer) => new Issuer({ issuer, client, events })),
    audiences: authAudience,
    shownClaims: authClaims,
  });
}
