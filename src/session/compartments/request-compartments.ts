/**
 * Compartments that serve one request at a time and keep nothing between them. One is used again when its handler has
 * settled and has left nothing behind, and only for the same principal; otherwise it ends.
 */
import { Deadline } from '../../shared/deadline.js';
import type { EndReason } from '../../telemetry/end-reason.js';
import type { Caller, Compartment, CompartmentOwner } from './compartment.js';

/** After that many requests a fresh one is taken: what a module's code has piled up in memory goes. */
const MAX_REQUESTS = 1_000;
/** One that nobody needs is kept for this long, in milliseconds. */
const IDLE_MS = 30_000;

/** Longer than most servers' lists take until they have settled. */
const TEACHING_MS = 5_000;

interface Use {
  readonly key: string;
  requests: number;
}

export class RequestCompartments<Kind extends Compartment> implements CompartmentOwner {
  readonly #open: (caller: Caller, owner: CompartmentOwner) => Kind;
  readonly #reuse: boolean;
  /** By whom they may be used; the one that was used last is the last. */
  readonly #idle = new Map<string, Kind[]>();
  readonly #uses = new Map<Compartment, Use>();

  /**
   * @param reuse whether a compartment may serve a second request
   * @param open makes a new one
   */
  constructor(reuse: boolean, open: (caller: Caller, owner: CompartmentOwner) => Kind) {
    this.#reuse = reuse;
    this.#open = open;
  }

  /** How many there are. */
  get size(): number {
    return this.#uses.size;
  }

  /** One that is there and has nothing to do. The caller has it for one request alone, here and below. */
  takeIdle(caller: Caller): Kind | undefined {
    const key = keyOf(caller);
    const idle = this.#idle.get(key);
    const last = idle?.pop();
    if (idle?.length === 0) this.#idle.delete(key);
    return last;
  }

  /** A new one. */
  open(caller: Caller): Kind {
    const opened = this.#open(caller, this);
    this.#uses.set(opened, { key: keyOf(caller), requests: 0 });
    return opened;
  }

  onRequestOver(compartment: Compartment): void {
    const use = this.#uses.get(compartment);
    if (use === undefined || compartment.serving) return;
    use.requests += 1;
    if (!this.#reuse || use.requests >= MAX_REQUESTS || !compartment.clean) {
      this.#uses.delete(compartment);
      const end = (): void => void compartment.end('request_over');
      // Otherwise no worker of such a server would live long enough for that.
      if (compartment.teaches) new Deadline(TEACHING_MS, end);
      // The answer leaves first.
      else queueMicrotask(end);
      return;
    }
    const idle = this.#idle.get(use.key);
    if (idle === undefined) this.#idle.set(use.key, [compartment as Kind]);
    else idle.push(compartment as Kind);
  }

  expired(compartment: Compartment): EndReason | undefined {
    return compartment.requestsInFlight === 0 && compartment.idleMs >= IDLE_MS ? 'idle' : undefined;
  }

  onEnded(compartment: Compartment): void {
    const use = this.#uses.get(compartment);
    this.#uses.delete(compartment);
    const idle = use && this.#idle.get(use.key);
    if (use === undefined || idle === undefined) return;
    const left = idle.filter((one) => one !== compartment);
    if (left.length === 0) this.#idle.delete(use.key);
    else this.#idle.set(use.key, left);
  }
}

/** A server may look at the principal and the metadata, and they do not change while its worker lives. */
export function keyOf({ principal, metadata }: Caller): string {
  for (const _ in metadata) return JSON.stringify([principal, metadata]);
  return principal;
}
