/** Asks on a terminal, line by line. */
import { createInterface } from 'node:readline/promises';
import { BulkheadError } from '../../shared/errors.js';
import { CommandFailure } from '../failure.js';

export interface Questions {
  /**
   * Asks until `parse` accepts the answer; an empty one stands for the suggestion. What `parse` throws as a
   * `BulkheadError` is shown before the question is asked again.
   * @throws {CommandFailure} if the input ends first, or Ctrl-C is pressed
   */
  ask<T>(question: string, suggestion: string, parse: (answer: string) => T): Promise<T>;
  close(): void;
}

export function questionsOn(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Questions {
  const lines = createInterface({ input, output });
  // It keeps the lines that arrive before they are asked for. It ends with the input, and at Ctrl-C and Ctrl-D.
  const answers = lines[Symbol.asyncIterator]();
  let ended = false;
  lines.once('close', () => {
    ended = true;
  });
  const show = (prompt: string): void => {
    // Since Node 24, a closed interface throws here, also where it still has lines that nobody has asked for.
    if (ended) {
      output.write(prompt);
      return;
    }
    lines.setPrompt(prompt);
    lines.prompt();
  };
  const askOnce = async (prompt: string): Promise<string> => {
    show(prompt);
    const answer = await answers.next();
    if (answer.done !== true) return answer.value.trim();
    output.write('\n');
    throw new CommandFailure('There was no answer, so nothing is created.');
  };
  return {
    ask: async (question, suggestion, parse) => {
      for (;;) {
        const answer = await askOnce(`${question} (${suggestion}): `);
        try {
          return parse(answer === '' ? suggestion : answer);
        } catch (error) {
          if (!(error instanceof BulkheadError)) throw error;
          output.write(`${error.message}\n`);
        }
      }
    },
    close: () => lines.close(),
  };
}
