/** Asks a person what a server wants to know. */
import { safeLine } from '../output/safe-text.js';
import { type FormField, formField } from './form-field.js';
import { type Answer, type InputRequest, messageOfModel, rootsAt, textOfContent } from './input-requests.js';
import type { Terminal } from './terminal.js';

type Decision = 'accept' | 'decline' | 'cancel';
type Params = NonNullable<InputRequest['params']>;

/** @throws {CommandFailure} when the signal aborts, because the server no longer waits */
export async function askPerson(
  terminal: Terminal,
  { method, params = {} }: InputRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const person = new Person(terminal, signal);
  switch (method) {
    case 'elicitation/create':
      return params.mode === 'url' ? person.visit(params) : person.fillIn(params);
    case 'sampling/createMessage':
      return person.speak(params);
    case 'roots/list':
      return person.nameRoots();
    default:
      terminal.write(`The server asks for ${safeLine(method)}, which cannot be answered here.`);
      return { kind: 'declined' };
  }
}

class Person {
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;

  constructor(terminal: Terminal, signal: AbortSignal) {
    this.#terminal = terminal;
    this.#signal = signal;
  }

  async fillIn({ message = '', requestedSchema }: Params): Promise<Answer> {
    this.#terminal.write(`The server asks: ${message}`);
    const action = await this.#decide('Answer it?');
    if (action !== 'accept') return elicited(action);
    const content: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const [name, schema] of Object.entries(requestedSchema?.properties ?? {})) {
      const field = formField(name, schema, requestedSchema?.required?.includes(name) === true);
      const value = await this.#fieldValue(field);
      if (value === CANCELLED) return elicited('cancel');
      if (value !== undefined) content[name] = value;
    }
    return { kind: 'result', result: { action: 'accept', content } };
  }

  async visit({ message = '', url = '' }: Params): Promise<Answer> {
    this.#terminal.write(`The server asks you to open an address: ${message}\n  ${url}`);
    return elicited(await this.#decide('Do you agree to open it?'));
  }

  async speak({ messages = [], systemPrompt, maxTokens }: Params): Promise<Answer> {
    const limit = maxTokens === undefined ? '' : ` (at most ${maxTokens} tokens)`;
    this.#terminal.write(`The server asks the model${limit}:`);
    if (systemPrompt !== undefined) this.#terminal.write(`  system: ${systemPrompt}`);
    for (const { role, content } of messages) {
      for (const block of [content].flat()) this.#terminal.write(`  ${role}: ${textOfContent(block)}`);
    }
    const action = await this.#decide('Answer for the model?');
    const text = action === 'accept' ? await this.#ask('answer:', []) : undefined;
    return text === undefined ? { kind: 'declined' } : { kind: 'result', result: messageOfModel(text) };
  }

  async nameRoots(): Promise<Answer> {
    this.#terminal.write('The server asks for the roots: the folders that it may use, as file: URIs.');
    const line = await this.#ask('roots, separated by spaces (Enter: none):', []);
    if (line === undefined) return { kind: 'declined' };
    return { kind: 'result', result: rootsAt(line.split(/\s+/).filter((uri) => uri !== '')) };
  }

  /** Asks again until the line is right; an empty one is the default, or leaves the field out. */
  async #fieldValue(field: FormField): Promise<unknown> {
    const { name, required, preset, explanation, question, words } = field;
    for (const line of explanation) this.#terminal.write(line);
    for (;;) {
      const line = await this.#ask(question, words);
      if (line === undefined) return CANCELLED;
      if (line === '' && (preset !== undefined || !required)) return preset;
      const read = line === '' ? { problem: 'be given' } : field.read(line);
      if ('value' in read) return read.value;
      this.#terminal.write(`${name} must ${read.problem}.`);
    }
  }

  async #decide(question: string): Promise<Decision> {
    for (;;) {
      const line = await this.#ask(`${question} [y]es, [d]ecline, [c]ancel (yes):`, [
        'yes',
        'decline',
        'cancel',
      ]);
      if (line === undefined) return 'cancel';
      const word = line.trim().toLowerCase();
      if ('yes'.startsWith(word)) return 'accept';
      if ('decline'.startsWith(word)) return 'decline';
      if ('cancel'.startsWith(word)) return 'cancel';
    }
  }

  #ask(question: string, words: readonly string[]): Promise<string | undefined> {
    return this.#terminal.ask(question, words, this.#signal);
  }
}

/** The input ended before the form did. */
const CANCELLED = Symbol('cancelled');

function elicited(action: Decision): Answer {
  return { kind: 'result', result: { action } };
}
