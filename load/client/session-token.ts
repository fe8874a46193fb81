/**
 * Each session of a run has a token that all of its requests carry: in their ids, their progress tokens, and where
 * the mix says `{{session}}`. An answer in which another session's token stands was meant for that session.
 */
import { randomBytes } from 'node:crypto';

/** Eight hexadecimal digits that no other run is likely to have. */
export function newRunId(): string {
  return randomBytes(4).toString('hex');
}

/** Of any session of any run: two runs may load one server at a time. The end keeps 1 apart from 12. */
const TOKEN = /load-[0-9a-f]{8}-\d+s/g;

export class SessionTokens {
  readonly #runId: string;

  constructor(runId: string) {
    this.#runId = runId;
  }

  /** The token of the session with this number in the run. */
  of(session: number): string {
    return `load-${this.#runId}-${session}s`;
  }

  /** The first token in the text that is not this session's, or `undefined`. */
  foreign(text: string, own: string): string | undefined {
    for (const [token] of text.matchAll(TOKEN)) if (token !== own) return token;
    return undefined;
  }
}
