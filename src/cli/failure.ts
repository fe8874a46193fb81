/** How a failed command reports its failure: a sentence if the user can correct it, a stack if it is unexpected. */
import { BulkheadError } from '../shared/errors.js';
import { safeText } from './output/safe-text.js';

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
 * Writes the failure to stderr. Its sentence may contain what a server or a module says, so control characters are
 * escaped.
 * @returns the exit code: `EXIT_USAGE` for wrong options or arguments, otherwise `EXIT_FAILED`
 */
export function reportFailure(failure: unknown): number {
  if (failure instanceof BulkheadError) {
    write(failure.message);
    process.stderr.write(shown(failure.detail));
    return failure.code === 'ERR_BULKHEAD_OPTION' ? EXIT_USAGE : EXIT_FAILED;
  }
  if (failure instanceof CommandFailure) {
    write(failure.message);
    return EXIT_FAILED;
  }
  const text = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
  write(`unexpected failure: ${text}`);
  return EXIT_FAILED;
}

function write(sentence: string): void {
  process.stderr.write(`bulkhead: ${safeText(sentence)}\n`);
}

/** Indented; the lines of a module's file are among it. */
function shown(detail: string | undefined): string {
  if (detail === undefined) return '';
  const lines = safeText(detail)
    .split(/\r?\n/)
    .map((line) => (line === '' ? '' : `  ${line}`));
  return `\n${lines.join('\n')}\n\n`;
}
