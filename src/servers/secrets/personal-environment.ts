/**
 * Environment variables of a server that depend on who it is started for. They are made anew for each start of its program, and
 * kept nowhere: not in the log, not in an error, not in what the admin listener shows.
 */
import { Deadline } from '../../shared/deadline.js';
import { BulkheadError } from '../../shared/errors.js';
import type { SessionContext } from '../../shared/session-context.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import type { PersonalVariables, VariablePart } from '../server-entry.js';
import { NoSecret, type SecretSource } from './secret-source.js';

/** For all secrets of a start together, with what they wait for each other. */
const DEADLINE_MS = 10_000;

export type PersonOf = Pick<SessionContext, 'principal' | 'identity' | 'sessionId'>;

export class PersonalEnvironment {
  readonly #server: string;
  readonly #variables: PersonalVariables;
  readonly #secrets: SecretSource | undefined;
  readonly #events: GatewayEmitter;

  /** @param secrets must be there if a variable refers to a secret */
  constructor(
    server: string,
    variables: PersonalVariables,
    secrets: SecretSource | undefined,
    events: GatewayEmitter,
  ) {
    this.#server = server;
    this.#variables = variables;
    this.#secrets = secrets;
    this.#events = events;
  }

  /**
   * The variables for one start.
   * @throws {BulkheadError} `ERR_BULKHEAD_SECRET` with a sentence that names the variable and the secret
   * @throws the signal's reason once it has aborted
   */
  async of(person: PersonOf, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const stopping = new AbortController();
    const deadline = new Deadline(DEADLINE_MS, () =>
      stopping.abort(new NoSecret(`was not there within ${DEADLINE_MS / 1000} s`)),
    );
    const read = this.#reader(person, AbortSignal.any([signal, stopping.signal]));
    try {
      const variables = Object.entries(this.#variables).map(async ([variable, parts]) => {
        const texts = parts.map((part) => this.#text(variable, part, person, read));
        return [variable, (await Promise.all(texts)).join('')] as const;
      });
      return Object.fromEntries(await Promise.all(variables));
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      deadline.clear();
      // What else is being read is of no use to anybody.
      stopping.abort();
    }
  }

  /** Reads each secret once, however many variables refer to it. */
  #reader(person: PersonOf, signal: AbortSignal): (name: string) => Promise<string> {
    const reads = new Map<string, Promise<string>>();
    return (name) => {
      const read = reads.get(name) ?? this.#read(name, person, signal);
      reads.set(name, read);
      return read;
    };
  }

  async #read(name: string, person: PersonOf, signal: AbortSignal): Promise<string> {
    if (person.identity.kind === 'anonymous')
      throw new NoSecret(
        'belongs to whoever asks, and this request does not say who that is: connect over HTTP with a token of your own',
      );
    // Otherwise two principals could have the same folder: what is not Unicode is written as U+FFFD.
    if (/\p{Cs}/u.test(person.principal))
      throw new NoSecret('cannot be kept for a subject that is not Unicode');
    if (this.#secrets === undefined)
      throw new NoSecret('is not stored anywhere: neither secrets nor secrets-command is set');
    return this.#secrets.read(person, name, signal);
  }

  async #text(
    variable: string,
    part: VariablePart,
    person: PersonOf,
    read: (name: string) => Promise<string>,
  ): Promise<string> {
    if ('text' in part) return part.text;
    if ('principal' in part) return this.#ofPrincipal(variable, person.identity[part.principal]);
    try {
      return await read(part.secret);
    } catch (error) {
      if (!(error instanceof NoSecret)) throw error;
      throw this.#failed(variable, `the secret ${part.secret}, which ${error.message}`, person, error.detail);
    }
  }

  #ofPrincipal(variable: string, value: string): string {
    // A token may have it; the message of Node would show the whole variable.
    if (!value.includes('\0')) return value;
    throw new BulkheadError(
      'ERR_BULKHEAD_SECRET',
      `The variable ${variable} of the server "${this.#server}" cannot be set: your issuer or subject contains a NUL.`,
    );
  }

  #failed(
    variable: string,
    what: string,
    { sessionId, principal }: PersonOf,
    detail?: string,
  ): BulkheadError {
    const message = `The variable ${variable} of the server "${this.#server}" needs ${what}. Ask whoever runs this gateway if you cannot put that right.`;
    this.#events.emit('notice', {
      level: 'warn',
      message: `a session was not started: the variable ${variable} needs ${what}`,
      fields: { server: this.#server, sessionId, principal, ...(detail !== undefined && { detail }) },
    });
    return new BulkheadError('ERR_BULKHEAD_SECRET', message);
  }
}
