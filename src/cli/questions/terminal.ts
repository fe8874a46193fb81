/** The terminal at which a person is asked. Questions go to stderr: stdout has the result. */
import { createInterface } from 'node:readline';
import { CommandFailure } from '../failure.js';
import { safeLine, safeText } from '../output/safe-text.js';

export interface Terminal {
  /** Writes lines. What servers have sent may be in it: control characters are escaped. */
  write(text: string): void;
  /**
   * Asks for one line.
   * @param choices what Tab completes
   * @returns `undefined` at the end of the input (Ctrl-D)
   * @throws {CommandFailure} when the signal aborts
   */
  ask(question: string, choices: readonly string[], signal: AbortSignal): Promise<string | undefined>;
}

/** @returns `undefined` if no person is at both stdin and stderr */
export function processTerminal(): Terminal | undefined {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  return { write: (text) => void process.stderr.write(`${safeText(text)}\n`), ask };
}

/**
 * Each question has an interface of its own: while none is open, the terminal itself handles Ctrl-C. The interface keeps
 * it from the process, so it is passed on.
 */
function ask(question: string, choices: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({
      input: process.stdin,
      output: process.stderr,
      completer: (typed: string) => [choices.filter((choice) => choice.startsWith(typed)), typed],
    });
    const onAbort = (): void => {
      reject(new CommandFailure('The server no longer waits for the answer.'));
      lines.close();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    lines.on('SIGINT', () => {
      process.stderr.write('\n');
      process.kill(process.pid, 'SIGINT');
    });
    let answered = false;
    lines.once('close', () => {
      signal.removeEventListener('abort', onAbort);
      // Otherwise an open stdin would keep the process.
      process.stdin.pause();
      if (!answered) process.stderr.write('\n');
      resolve(undefined);
    });
    lines.question(`${safeLine(question)} `, (line) => {
      answered = true;
      resolve(line);
      lines.close();
    });
    if (signal.aborted) onAbort();
  });
}
