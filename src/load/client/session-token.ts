/**
 * Each session of a run has a token that all of its requests carry: in their ids, their progress tokens, and where
 * the mix says `{{session}}`. An answer in which another session's token stands was meant for that session.
 */
import { randomBytes } from 'node:crypto';

/** Eight hexadecimal digits that no other run is likely to have. */
export function newRunId(): string {
  return randomBytes(4).toString('hex');
}

/** Ends a token, so that the first digits of a number are not taken for another number. */
const END = 's';

export class SessionTokens {
  readonly #prefix: string;

  constructor(runId: string) {
    this.#prefix = `load-${runId}-`;
  }

  /** The token of the session with this number in the run. */
  of(session: number): string {
    return `${this.#prefix}${session}${END}`;
  }

  /** The first token in the text that is not this session's, or `undefined`. */
  foreign(text: string, own: string): string | undefined {
    let at = text.indexOf(this.#prefix);
    while (at !== -1) {
      if (!text.startsWith(own, at)) {
        const end = this.#endOfNumber(text, at + this.#prefix.length);
        if (text[end] === END) return text.slice(at, end + 1);
      }
      at = text.indexOf(this.#prefix, at + this.#prefix.length);
    }
    return undefined;
  }

  #endOfNumber(text: string, start: number): number {
    let end = start;
    while (isDigit(text.charCodeAt(end))) end += 1;
    return end;
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
