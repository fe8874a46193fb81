/**
 * Each session of a run has a token that all its requests carry: in their ids, their progress tokens, and where the mix
 * has `{{session}}`. An answer that contains another session's token was meant for that session. Where there are no
 * sessions, each request has a token of its own.
 */
import { randomBytes } from 'node:crypto';

/** Eight hexadecimal digits that no other run is likely to have. */
export function newRunId(): string {
  return randomBytes(4).toString('hex');
}

/**
 * A token of any session or request of any run, because two runs may load one server at the same time. The `s` at the end
 * distinguishes 1 from 12.
 */
const TOKEN = /load-[0-9a-f]{8}-\d+(?:\.\d+)?s/g;

export class SessionTokens {
  readonly #runId: string;

  constructor(runId: string) {
    this.#runId = runId;
  }

  /** The token of the session with this number in the run, or of one request of the client with this number. */
  of(client: number, request?: number): string {
    return `load-${this.#runId}-${client}${request === undefined ? '' : `.${request}`}s`;
  }

  /** The first token in the text that belongs to another session or request, or `undefined`. */
  foreign(text: string, own: string): string | undefined {
    for (const [token] of text.matchAll(TOKEN)) if (token !== own) return token;
    return undefined;
  }
}
