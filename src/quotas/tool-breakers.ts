/**
 * Closes a tool for a consumer whose calls of it keep ending their threads or processes: each such end costs a start, and
 * whatever else ran in it. Bounded: an entry lasts two minutes at most, and there are no more than `MAX_ENTRIES`.
 */

const WINDOW_MS = 60_000;
const CLOSED_MS = 60_000;
const MAX_ENTRIES = 10_000;

interface Breaker {
  /** When the last workers died, at most as many as are allowed. */
  deaths: number[];
  closedUntilMs: number;
}

/** Which tool, and for whom. */
export interface BrokenTool {
  readonly consumer: string;
  readonly server: string;
  readonly tool: string;
}

export class ToolBreakers {
  readonly #allowed: number;
  /** The one whose last death is longest ago is the first. */
  readonly #breakers = new Map<string, Breaker>();

  /** @param allowed how many deaths there may be in a minute */
  constructor(allowed: number) {
    this.#allowed = allowed;
  }

  get size(): number {
    return this.#breakers.size;
  }

  /** @returns whether the tool is closed from now on, and was not before */
  died(broken: BrokenTool, nowMs: number): boolean {
    const key = keyOf(broken);
    const breaker = this.#breakers.get(key) ?? { deaths: [], closedUntilMs: 0 };
    this.#breakers.delete(key);
    this.#forget(nowMs);
    this.#breakers.set(key, breaker);
    // Calls that were under way when it was closed.
    if (nowMs < breaker.closedUntilMs) return false;
    breaker.deaths = [...breaker.deaths.filter((ms) => nowMs - ms < WINDOW_MS), nowMs];
    if (breaker.deaths.length <= this.#allowed) return false;
    breaker.deaths = [];
    breaker.closedUntilMs = nowMs + CLOSED_MS;
    return true;
  }

  /** For how many milliseconds it is still closed; 0: it is not. */
  closedMs(broken: BrokenTool, nowMs: number): number {
    // Almost always nothing has died.
    if (this.#breakers.size === 0) return 0;
    return Math.max(0, (this.#breakers.get(keyOf(broken))?.closedUntilMs ?? 0) - nowMs);
  }

  #forget(nowMs: number): void {
    for (const [key, { deaths, closedUntilMs }] of this.#breakers) {
      const over = nowMs >= closedUntilMs && nowMs - (deaths.at(-1) ?? 0) >= WINDOW_MS;
      if (!over && this.#breakers.size < MAX_ENTRIES) break;
      this.#breakers.delete(key);
    }
  }
}

function keyOf({ consumer, server, tool }: BrokenTool): string {
  return JSON.stringify([consumer, server, tool]);
}
