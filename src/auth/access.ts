/** Who may use the endpoints, as the options say: the ways to find out who asks, and what they read and keep. */
import type { TlsOptions } from '../shared/tls-files.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import { AuthenticationChain, type AuthenticationWay } from './authentication.js';
import { createTls, type ListenersTls } from './listener-tls.js';
import { AccessTokens } from './oauth/access-tokens.js';
import { Issuer } from './oauth/issuer.js';
import { ProtectedResources } from './oauth/protected-resources.js';
import { type Authenticate, ProgramHook } from './program-hook.js';
import { optionToken, StaticTokens } from './static-tokens.js';
import { TokensFile } from './tokens-file.js';

interface AccessOptions extends TlsOptions {
  readonly token: string | undefined;
  readonly tokensFile: string | undefined;
  readonly authIssuer: readonly string[] | undefined;
  readonly authClientId: string | undefined;
  readonly authClientSecret: string | undefined;
  readonly authAudience: readonly string[] | undefined;
  readonly authClaims: readonly string[] | undefined;
  readonly authScopes: readonly string[] | undefined;
  readonly publicUrl: URL | undefined;
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
  readonly tls: ListenersTls;
  /** Reads again what it was read from files. */
  reload(): void;
  close(): void;
}

/** @throws {BulkheadError} `ERR_BULKHEAD_OPTION` if a file cannot be used */
export function createAccess({ options, events, hook, servers }: AccessParts): Access {
  const { token, tokensFile: path, authIssuer: issuerUrls = [] } = options;
  const given = token === undefined ? [] : [optionToken(token)];
  const hasTokens = token !== undefined || path !== undefined;
  const tokens = new StaticTokens(given);
  const file =
    path === undefined
      ? undefined
      : new TokensFile(path, events, (named) => tokens.replace([...named, ...given]));
  const takesTokens = hasTokens || issuerUrls.length > 0;
  let tls: ListenersTls;
  try {
    tls = createTls(options, events, hook !== undefined || takesTokens);
  } catch (error) {
    file?.close();
    throw error;
  }
  const ways: AuthenticationWay[] = [];
  if (hook !== undefined) ways.push(new ProgramHook(hook));
  if (tls.mcp?.clients !== undefined) ways.push(tls.mcp.clients);
  if (hasTokens) ways.push(tokens);
  if (issuerUrls.length > 0) ways.push(accessTokens(issuerUrls, options, events));
  return {
    authentication: new AuthenticationChain({
      ways,
      allowsAnonymous: ways.length === 0,
      takesTokens,
    }),
    resources: new ProtectedResources({
      publicUrl: options.publicUrl,
      issuers: issuerUrls,
      scopes: options.authScopes ?? [],
      servers,
    }),
    tls,
    reload: () => {
      tls.reload();
      file?.read();
    },
    close: () => {
      tls.close();
      file?.close();
    },
  };
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
