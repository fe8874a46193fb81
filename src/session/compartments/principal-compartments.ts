/** Compartments that belong to a principal: all its requests meet the same one, as long as it lives. */
import type { EndReason } from '../../telemetry/end-reason.js';
import type { Caller, Compartment, CompartmentOwner } from './compartment.js';

export class PrincipalCompartments<Kind extends Compartment> implements CompartmentOwner {
  readonly #open: (caller: Caller, owner: CompartmentOwner) => Kind;
  readonly #compartments = new Map<string, Kind>();

  /** @param open makes a new one */
  constructor(open: (caller: Caller, owner: CompartmentOwner) => Kind) {
    this.#open = open;
  }

  get size(): number {
    return this.#compartments.size;
  }

  /** For a principal that has none. */
  open(caller: Caller): Kind {
    const opened = this.#open(caller, this);
    this.#compartments.set(caller.principal, opened);
    return opened;
  }

  /** That principal's, if there is one. */
  get(principal: string): Kind | undefined {
    return this.#compartments.get(principal);
  }

  onRequestOver(): void {}

  onReady(): void {}

  /** As a session: `session-idle` and `session-max-age`. */
  expired(): EndReason | undefined {
    return undefined;
  }

  onEnded({ context }: Compartment): void {
    this.#compartments.delete(context.principal);
  }
}
