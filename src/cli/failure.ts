/** How a command that failed tells so: a sentence for what a user can mend, a stack for what nobody foresaw. */
import { BulkheadError } from '../shared/errors.js';

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
/** Wrong options or arguments. */
export const EXIT_USAGE = 2;

/** A failure of which the message is a whole sentence for the user, and which is not about options. */
export class CommandFailure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandFailure';
  }
}

/**
 * Writes the failure to stderr.
 * @returns the exit code: `EXIT_USAGE` for wrong options or arguments, else `EXIT_FAILED`.
 */
export function reportFailure(failure: unknown): number {
  if (failure instanceof BulkheadError) {
    process.stderr.write(`bulkhead: ${failure.message}\n`);
    return failure.code === 'ERR_BULKHEAD_OPTION' ? EXIT_USAGE : EXIT_FAILED;
  }
  if (failure instanceof CommandFailure) {
    process.stderr.write(`bulkhead: ${failure.message}\n`);
    return EXIT_FAILED;
  }
  const text = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
  process.stderr.write(`bulkhead: unexpected failure: ${text}\n`);
  return EXIT_FAILED;
}
