/** Who answers what a server asks: the flags, then the person at the terminal. */
import { CommandFailure } from '../failure.js';
import { type Answer, givenResponse, type InputRequest, type Inputs } from './input-requests.js';
import { askPerson } from './person.js';
import type { Terminal } from './terminal.js';

export class Answers {
  readonly #inputs: Inputs;
  readonly #terminal: Terminal | undefined;
  readonly #unused: Set<string>;
  /** A person is asked one thing at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @param terminal `undefined`: nobody is there */
  constructor(inputs: Inputs, terminal: Terminal | undefined) {
    this.#inputs = inputs;
    this.#terminal = terminal;
    this.#unused = new Set(inputs.keys());
  }

  /** Whether a flag gives roots. */
  get givesRoots(): boolean {
    return [...this.#inputs.keys()].some((key) => /^roots\b/.test(key));
  }

  /** The flags that answered nothing. */
  get unused(): ReadonlySet<string> {
    return this.#unused;
  }

  /** Whether somebody will answer. */
  has(key: string): boolean {
    return this.#inputs.has(key) || this.#terminal !== undefined;
  }

  /**
   * @param key the question's name
   * @param signal aborts when the server no longer waits for the answer
   * @returns `undefined` if nobody answers
   * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for a flag that does not suit the request
   * @throws {CommandFailure} if the server has stopped waiting
   */
  async answer(key: string, request: InputRequest, signal: AbortSignal): Promise<Answer | undefined> {
    if (this.#inputs.has(key)) {
      this.#unused.delete(key);
      return { kind: 'result', result: givenResponse(key, request.method, this.#inputs.get(key)) };
    }
    const terminal = this.#terminal;
    if (terminal === undefined) return undefined;
    const asked = this.#turn.then(() => {
      if (signal.aborted) throw new CommandFailure(`Nobody waits for the answer to ${key} any more.`);
      return askPerson(terminal, request, signal);
    });
    this.#turn = asked.catch(() => {});
    return asked;
  }
}
