/** `bulkhead secrets path`: where the folder of secrets has those of a principal. */
import { join, resolve } from 'node:path';
import { principalOf } from '../auth/principal.js';
import { optionError } from '../config/option-error.js';
import { secretsFolderName } from '../servers/secrets/secret-folder.js';
import { EXIT_OK } from './failure.js';

export interface SecretsPathRequest {
  readonly issuer: string;
  readonly subject: string;
  /** As the user wrote it; `undefined`: `BULKHEAD_SECRETS`, or `secrets`. */
  readonly folder: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/**
 * Prints the folder of the principal, whether it exists or not.
 * @returns the exit code
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for what no principal is called
 */
export function printSecretsPath({ issuer, subject, folder, environment, cwd }: SecretsPathRequest): number {
  if (!/^\S+$/.test(issuer))
    throw optionError(
      `The issuer is ${JSON.stringify(issuer)}, but must be a text without spaces: the URL of an authorization server, or token.`,
    );
  if (subject === '') throw optionError('The subject is empty, but must be what the issuer calls the user.');
  const { key } = principalOf({ kind: 'program', issuer, subject });
  const path = resolve(cwd, folder ?? environment.BULKHEAD_SECRETS ?? 'secrets');
  process.stdout.write(`${join(path, secretsFolderName(key))}\n`);
  return EXIT_OK;
}
