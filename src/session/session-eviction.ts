/**
 * Which session ends to make room for a new one at `max-sessions`. Clients seldom end their sessions, so most records
 * of a full gateway belong to clients that have gone. The session that has been without its client for longest ends;
 * sessions that were opened and never used end before all others. A session with an open stream, with work, or that is
 * just being opened is never chosen.
 */

/** How many candidates are remembered from one scan of all sessions. One scan serves as many openings. */
const MAX_CANDIDATES = 256;
/** Sessions change, so candidates are not used for longer than this. */
const CANDIDATES_LAST_MS = 1_000;
/** A scan that found nothing is not repeated at once, because rejections must stay cheap. */
const LOOK_AGAIN_MS = 100;

export interface EvictionCandidate {
  /** When its client was last active, by `clockMs()`; `undefined` while the session cannot end to make room. */
  readonly absentSinceMs: number | undefined;
  /** It was called, or its client opened the standalone stream, after `initialize`. */
  readonly used: boolean;
}

interface Found<Session> {
  readonly session: Session;
  readonly sinceMs: number;
  readonly used: boolean;
}

export class SessionEviction<Session extends EvictionCandidate> {
  readonly #sessions: () => Iterable<Session>;
  /** The last one ends next. */
  #found: Found<Session>[] = [];
  #lookedMs = Number.NEGATIVE_INFINITY;
  #foundNone = false;

  /** @param sessions those that have not ended */
  constructor(sessions: () => Iterable<Session>) {
    this.#sessions = sessions;
  }

  /** The session that would have to end now, or `undefined` if all are needed. */
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
      // If they differ, its client has come back since, or the session has ended.
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
