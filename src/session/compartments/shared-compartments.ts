/** The compartments of requests that may share them: those of one principal with the same metadata. */
import { clockMs } from '../../shared/clock.js';

/** What a compartment does. */
export type Use =
  /** Its worker is being set up, before a request needs it. */
  | 'coming'
  /** A request has it for itself. */
  | 'busy'
  | 'idle';

export class SharedCompartments<Kind> {
  /** The one that was used last is the last: its code is the fastest, and the others may end. */
  readonly #idle: Kind[] = [];
  readonly #uses = new Map<Kind, Use>();
  #busy = 0;
  #coming = 0;
  #movedMs = clockMs();

  get empty(): boolean {
    return this.#uses.size === 0;
  }

  get idle(): number {
    return this.#idle.length;
  }

  get busy(): number {
    return this.#busy;
  }

  get coming(): number {
    return this.#coming;
  }

  /** When one was opened, has become free, or has ended. */
  get movedMs(): number {
    return this.#movedMs;
  }

  useOf(compartment: Kind): Use | undefined {
    return this.#uses.get(compartment);
  }

  /** One that has nothing to do, which is busy from now on. */
  take(): Kind | undefined {
    const last = this.#idle.pop();
    if (last !== undefined) this.#set(last, 'busy');
    return last;
  }

  /** It is opened for a request. */
  begins(compartment: Kind): void {
    this.#movedMs = clockMs();
    this.#set(compartment, 'busy');
  }

  comes(compartment: Kind): void {
    this.#set(compartment, 'coming');
  }

  /** It has nothing to do any more. One that has served nothing yet is taken after all others. */
  rests(compartment: Kind): void {
    if (this.#uses.get(compartment) === 'coming') this.#idle.unshift(compartment);
    else this.#idle.push(compartment);
    this.#set(compartment, 'idle');
    this.#movedMs = clockMs();
  }

  gone(compartment: Kind): void {
    const use = this.#uses.get(compartment);
    if (use === undefined) return;
    this.#movedMs = clockMs();
    this.#count(use, -1);
    this.#uses.delete(compartment);
    if (use === 'idle') this.#idle.splice(this.#idle.indexOf(compartment), 1);
  }

  #set(compartment: Kind, use: Use): void {
    const before = this.#uses.get(compartment);
    if (before !== undefined) this.#count(before, -1);
    this.#uses.set(compartment, use);
    this.#count(use, 1);
  }

  #count(use: Use, by: 1 | -1): void {
    if (use === 'busy') this.#busy += by;
    else if (use === 'coming') this.#coming += by;
  }
}
