/** The option `tokens-file`: it is read at start, and again whenever it changes. */
import { readFileSync } from 'node:fs';
import { BulkheadError, messageOf } from '../shared/errors.js';
import { WatchedFiles } from '../shared/watched-file.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import type { NamedToken } from './static-tokens.js';
import { readTokenLines, type TokenLines } from './token-lines.js';

/** Far more than anybody has tokens. */
const MAX_BYTES = 4 * 2 ** 20;

function readTokensFile(path: string): TokenLines {
  const text = readFileSync(path, 'utf8');
  if (text.length > MAX_BYTES) throw new Error('it is larger than 4 MiB');
  return readTokenLines(text);
}

export class TokensFile {
  readonly #path: string;
  readonly #events: GatewayEmitter;
  readonly #apply: (tokens: readonly NamedToken[]) => void;
  readonly #watched: WatchedFiles;

  /**
   * @param apply gets all tokens of the file each time it was read
   * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` if the file cannot be read now, or has a line that cannot
   */
  constructor(path: string, events: GatewayEmitter, apply: (tokens: readonly NamedToken[]) => void) {
    this.#path = path;
    this.#events = events;
    this.#apply = apply;
    const { tokens, mistakes } = readAtStart(path);
    if (mistakes[0] !== undefined) throw wrongFile(path, mistakes[0]);
    apply(tokens);
    this.#watched = new WatchedFiles([path], () => this.read());
  }

  /**
   * A line that cannot be read is left out, so that what was revoked in another one is revoked. A file that is missing or
   * unreadable changes nothing: it may just be being replaced.
   */
  read(): void {
    try {
      const { tokens, mistakes } = readTokensFile(this.#path);
      for (const mistake of mistakes)
        this.#note('error', `A line of tokens-file ${this.#path} is left out: ${mistake}.`);
      this.#apply(tokens);
    } catch (error) {
      this.#note(
        'error',
        `tokens-file ${this.#path} cannot be read, so the tokens that it had before stay valid: ${messageOf(error)}`,
      );
    }
  }

  close(): void {
    this.#watched.close();
  }

  #note(level: 'error', message: string): void {
    this.#events.emit('notice', { level, message });
  }
}

function readAtStart(path: string): TokenLines {
  try {
    return readTokensFile(path);
  } catch (error) {
    throw wrongFile(path, messageOf(error));
  }
}

function wrongFile(path: string, why: string): BulkheadError {
  return new BulkheadError(
    'ERR_BULKHEAD_OPTION',
    `tokens-file is ${JSON.stringify(path)}, but cannot be used: ${why}.`,
  );
}
