/** `session.state` where nothing is kept from one request to the next: it is empty again after each, and says so. */
import type { SessionState } from '../../src/shared/define-server.js';
import type { ModuleLog } from '../session/module-log.js';

const NOT_KEPT =
  'session.state: nothing that is stored lasts longer than its request, because the affinity of this server is "request"; with "principal" or "handle" it does';

export class PassingState implements SessionState {
  readonly #log: Pick<ModuleLog, 'write'>;
  readonly #values = new Map<string, unknown>();
  #told = false;

  constructor(log: Pick<ModuleLog, 'write'>) {
    this.#log = log;
  }

  get<Value>(key: string): Value | undefined {
    return structuredClone(this.#values.get(key)) as Value | undefined;
  }

  set(key: string, value: unknown): void {
    if (!this.#told) this.#log.write('session', 'warn', NOT_KEPT, undefined);
    this.#told = true;
    this.#values.set(key, structuredClone(value));
  }

  delete(key: string): boolean {
    return this.#values.delete(key);
  }

  keys(): string[] {
    return [...this.#values.keys()];
  }

  /** The request is over. */
  clear(): void {
    this.#values.clear();
  }
}
