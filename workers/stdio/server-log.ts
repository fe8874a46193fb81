/**
 * Turns what a stdio server writes besides its messages into log lines of its session, limited in number and length.
 */
import { cut } from '../../src/shared/errors.js';
import type { FromWorkerFrame, LogLevel } from '../../src/shared/frames/from-worker.js';
import type { LineOwner } from '../../src/shared/line-reader.js';
import { LogAllowance } from '../log-allowance.js';

const MAX_LINE_CHARS = 8192;
const MAX_QUOTED_CHARS = 200;
const MAX_LAST_LINE_CHARS = 300;
const SKIPPED_REPORT_MS = 1000;

export class ServerLog implements LineOwner {
  readonly #post: (frame: FromWorkerFrame) => void;
  readonly #allowance: LogAllowance;
  #skipped = 0;
  #report: NodeJS.Timeout | undefined;
  #lastLine: string | undefined;

  constructor(post: (frame: FromWorkerFrame) => void) {
    this.#post = post;
    this.#allowance = new LogAllowance((lines) => post({ type: 'log-dropped', lines }));
  }

  /** The last line of stderr, cut. If a program could not start, this is the best information. */
  get lastLine(): string | undefined {
    return this.#lastLine;
  }

  /** Handles a line of stderr, or several that were written at once. */
  onLine(line: string): void {
    const text = line.trimEnd();
    if (text === '') return;
    this.#lastLine = cut(text.slice(text.lastIndexOf('\n') + 1), MAX_LAST_LINE_CHARS);
    this.#write('stderr', 'info', () => text);
  }

  /** Handles a line of a module's native code, or of a process that it has started. */
  printed(source: 'stdout' | 'stderr', line: string): void {
    const text = line.trimEnd();
    if (text !== '') this.#write(source, 'info', () => text);
  }

  onOverlong(head: string, _tail: string, bytes: number): void {
    this.#write('stderr', 'info', () => `${head}… (${bytes} bytes)`);
  }

  /** Handles a line of stdout that is not a message. */
  strange(line: string, why: string): void {
    this.#skipped += 1;
    this.#report ??= setTimeout(() => this.#reportSkipped(), SKIPPED_REPORT_MS).unref();
    this.#write(
      'stdout',
      'warn',
      () => `a line on stdout was skipped, ${why}: ${cut(line, MAX_QUOTED_CHARS)}`,
    );
  }

  note(level: LogLevel, message: string): void {
    this.#write('session', level, () => message);
  }

  /** Reports what it has counted. */
  close(): void {
    this.#allowance.flush();
    this.#reportSkipped();
  }

  #reportSkipped(): void {
    clearTimeout(this.#report);
    this.#report = undefined;
    if (this.#skipped > 0) this.#post({ type: 'skipped-lines', lines: this.#skipped });
    this.#skipped = 0;
  }

  #write(source: 'session' | 'stdout' | 'stderr', level: LogLevel, messageOf: () => string): void {
    if (!this.#allowance.take()) return;
    this.#post({
      type: 'log',
      source,
      level,
      message: cut(messageOf(), MAX_LINE_CHARS),
      fields: undefined,
      key: undefined,
    });
  }
}
