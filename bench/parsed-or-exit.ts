import { messageOf } from '../src/shared/errors.js';

/** What `parse` returns. If it throws, its sentence and the usage are printed, and the process ends with exit code 2. */
export function parsedOrExit<Arguments>(parse: () => Arguments, usage: string): Arguments {
  try {
    return parse();
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n${usage}\n`);
    process.exit(2);
  }
}
