/** The source of secrets that the options name. */
import { SecretCommand } from './secret-command.js';
import { SecretFolder } from './secret-folder.js';
import type { SecretSource } from './secret-source.js';

/** At most one of both is set; `undefined`: neither, and no entry refers to a secret then. */
export function createSecrets(options: {
  readonly secrets: string | undefined;
  readonly secretsCommand: readonly string[] | undefined;
}): SecretSource | undefined {
  if (options.secrets !== undefined) return new SecretFolder(options.secrets);
  return options.secretsCommand && new SecretCommand(options.secretsCommand);
}
