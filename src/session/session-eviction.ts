/**
 * Which session makes room for a new one at `max-sessions`. Clients seldom say goodbye, so most records of a full gateway
 * belong to clients that are gone: the one that has been without its client for longest goes, and those that were
 * opened and never used go before all others. One that is listened to, works, or is being opened never does.
 */

/** At most so many are remembered from one look at all sessions: one look serves as many openings. */
const MAX_CANDIDATES = 256;
/** Sessions change; what was found is not good for longer. */
const CANDIDATES_LAST_MS = 1_000;
/** A look that found nothing is not repeated at once: refusals must stay cheap. */
const LOOK_AGAIN_MS = 100;

export interface EvictionCandidate {
  /** When its client was last heard of, by `performance.now()`; `undefined` while it can't make room. */
  readonly absentSinceMs: number | undefined;
  /** It was asked something, or listened to, after `initialize`. */
  readonly used: boolean;
}

interface Found<Session> {
  readonly session: Session;
  readonly sinceMs: number;
  readonly used: boolean;
}

export class SessionEviction<Session extends EvictionCandidate> {
  readonly #sessions: () => Iterable<Session>;
  /** The next to go is the last. */
  #found: Found<Session>[] = [];
  #lookedMs = Number.NEGATIVE_INFINITY;
  #foundNone = false;

  /** @param sessions those that are live */
  constructor(sessions: () => Iterable<Session>) {
    this.#sessions = sessions;
  }

  /** The session that would have to go now, or `undefined` where all are needed. */
  next(nowMs: number): Session | undefined {
    const ageMs = nowMs - this.#lookedMs;
    if (ageMs >= CANDIDATES_LAST_MS) this.#look(nowMs);
    let candidate = this.#last();
    if (candidate === undefined && !(this.#foundNone && nowMs - this.#lookedMs < LOOK_AGAIN_MS)) {
      this.#look(nowMs);
      candidate = this.#last();
    }
    return candidate;
  }

  #last(): Session | undefined {
    for (let found = this.#found.at(-1); found !== undefined; found = this.#found.at(-1)) {
      // Its client has come back since, or it has ended.
      if (found.session.absentSinceMs === found.sinceMs && found.session.used === found.used)
        return found.session;
      this.#found.pop();
    }
    return undefined;
  }

  #look(nowMs: number): void {
    const found: Found<Session>[] = [];
    for (const session of this.#sessions()) {
      const sinceMs = session.absentSinceMs;
      if (sinceMs !== undefined) found.push({ session, sinceMs, used: session.used });
    }
    found.sort((one, other) => (one.used === other.used ? other.sinceMs - one.sinceMs : one.used ? -1 : 1));
    this.#found = found.slice(-MAX_CANDIDATES);
    this.#foundNone = found.length === 0;
    this.#lookedMs = nowMs;
  }
}
