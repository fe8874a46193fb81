/** What options of authentication mean only together. */

import { readTokensFile } from '../auth/tokens-file.js';
import { messageOf } from '../shared/errors.js';
import { optionError } from './option-error.js';
import { isLoopback } from './option-kinds.js';
import type { OptionName } from './option-table.js';
import type { ResolvedOptions } from './options.js';

/** Of no use without an authorization server. */
const OF_ISSUERS = {
  'auth-scopes': 'authScopes',
  'auth-audience': 'authAudience',
  'auth-claims': 'authClaims',
  'auth-client-id': 'authClientId',
  'auth-client-secret': 'authClientSecret',
} as const;

/**
 * @param label what a message calls an option
 * @param mcpClosed whether the gateway has no MCP listener of its own
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` with one sentence
 */
export function checkAuthentication(
  options: Omit<ResolvedOptions, 'catalogue'>,
  label: (name: OptionName) => string,
  mcpClosed: boolean,
): void {
  const { authIssuer, authClientId, authClientSecret, publicUrl, host, tokensFile } = options;
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
  if (tokensFile !== undefined) checkTokensFile(tokensFile, label('tokens-file'));
}

function checkTokensFile(path: string, label: string): void {
  let mistake: string | undefined;
  try {
    [mistake] = readTokensFile(path).mistakes;
  } catch (error) {
    mistake = messageOf(error);
  }
  if (mistake !== undefined)
    throw optionError(`${label} is ${JSON.stringify(path)}, but cannot be used: ${mistake}.`);
}
