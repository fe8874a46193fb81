/** The stack of what was thrown, with those of its causes. */
import { cut, toPlainError } from '../../src/shared/errors.js';

const MAX_CAUSES = 4;
const MAX_PART_CHARS = 4096;
const MAX_CHARS = 8192;

/** @returns `undefined` for what has no stack: anything can be thrown */
export function stackOf(thrown: unknown): string | undefined {
  const { stack } = toPlainError(thrown);
  if (stack === undefined) return undefined;
  const parts = [cut(stack, MAX_PART_CHARS)];
  let cause = causeOf(thrown);
  // A circle of causes ends as well.
  for (let count = 0; count < MAX_CAUSES && cause !== undefined; count += 1) {
    const { name, message, stack: own = `${name}: ${message}` } = toPlainError(cause);
    parts.push(`  caused by ${cut(own, MAX_PART_CHARS)}`);
    cause = causeOf(cause);
  }
  return cut(parts.join('\n'), MAX_CHARS);
}

function causeOf(thrown: unknown): unknown {
  try {
    return (thrown as { readonly cause?: unknown } | null | undefined)?.cause;
  } catch {
    // A getter that throws: there is no more to say.
    return undefined;
  }
}
