/** How a failed command reports its failure: a sentence if the user can correct it, a stack if it is unexpected. */
import { BulkheadError } from '../shared/errors.js';
import { printableLines } from '../shared/printable.js';

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
/** Wrong options or arguments. */
export const EXIT_USAGE = 2;

/** A failure that is not about options, and whose message is a complete sentence for the user. */
export class CommandFailure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandFailure';
  }
}

/**
 * Writes the failure to stderr.
 * @returns the exit code: `EXIT_USAGE` for wrong options or arguments, otherwise `EXIT_FAILED`
 */
export function reportFailure(failure: unknown): number {
  if (failure instanceof BulkheadError) {
    process.stderr.write(`bulkhead: ${failure.message}\n${shown(failure.detail)}`);
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

/** Indented, with the control characters escaped that a module's file may contain. */
function shown(detail: string | undefined): string {
  if (detail === undefined) return '';
  const lines = printableLines(detail)
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`));
  return `\n${lines.join('\n')}\n\n`;
}
