/** What options of authentication mean only together. */

import { optionError } from './option-error.js';
import { isLoopback } from './option-kinds.js';
import type { OptionName } from './option-table.js';

/** Of no use without an authorization server. */
const OF_ISSUERS = {
  'auth-scopes': 'authScopes',
  'auth-audience': 'authAudience',
  'auth-claims': 'authClaims',
  'auth-client-id': 'authClientId',
  'auth-client-secret': 'authClientSecret',
} as const;

interface AuthenticationOptions {
  readonly host: string;
  readonly publicUrl: URL | undefined;
  readonly authIssuer: readonly string[] | undefined;
  readonly authScopes: readonly string[] | undefined;
  readonly authAudience: readonly string[] | undefined;
  readonly authClaims: readonly string[] | undefined;
  readonly authClientId: string | undefined;
  readonly authClientSecret: string | undefined;
  readonly secrets: string | undefined;
  readonly secretsCommand: readonly string[] | undefined;
}

/**
 * @param label what a message calls an option
 * @param mcpClosed whether the gateway has no MCP listener of its own
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` with one sentence
 */
export function checkAuthentication(
  options: AuthenticationOptions,
  label: (name: OptionName) => string,
  mcpClosed: boolean,
): void {
  const { authIssuer, authClientId, authClientSecret, publicUrl, host } = options;
  if (options.secrets !== undefined && options.secretsCommand !== undefined)
    throw optionError(
      `${label('secrets')} and ${label('secrets-command')} are both set, but secrets come from one of them: leave out the other.`,
    );
  if (authIssuer === undefined) {
    for (const [name, key] of Object.entries(OF_ISSUERS) as [keyof typeof OF_ISSUERS, keyof typeof options][])
      if (options[key] !== undefined)
        throw optionError(`${label(name)} is set, but has no effect without auth-issuer.`);
  } else if (publicUrl === undefined && (mcpClosed || !isLoopback(host))) {
    throw optionError(
      'public-url must be set with auth-issuer: access tokens are for the URL that clients use, which the gateway cannot know.',
    );
  }
  if ((authClientId === undefined) !== (authClientSecret === undefined)) {
    const [given, missing] =
      authClientId === undefined
        ? ['auth-client-secret', 'auth-client-id']
        : ['auth-client-id', 'auth-client-secret'];
    throw optionError(`${label(given as OptionName)} is set, but ${missing} is not: they belong together.`);
  }
}
