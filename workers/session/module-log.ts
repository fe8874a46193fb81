/**
 * What the module logs or writes to stdout and stderr becomes `log` frames. Nothing of a session reaches the gateway's
 * own stdout, and a module that prints in a loop causes a bounded number of lines.
 */
import { format } from 'node:util';
import { cut, messageOf } from '../../src/shared/errors.js';
import type { FromWorkerFrame, LogFrame, LogLevel } from '../../src/shared/frames/from-worker.js';
import { LogAllowance } from '../log-allowance.js';
import { currentRequest } from './current-request.js';
import { stackOf } from './error-stack.js';
import { OutputEvents } from './output-events.js';
import { isError, plainFields } from './plain-fields.js';

const MAX_LINE_CHARS = 8192;

/** What a module may give as the message of a line. */
export type LogMessage = string | Error;

export class ModuleLog {
  /** The option `errors`: whether the log shows stacks. */
  readonly #showsStacks: boolean;
  readonly #post: (frame: FromWorkerFrame) => void;
  readonly #allowance: LogAllowance;
  /** Of failed calls, which are lines of the gateway itself: over it, they are shown without their stacks. */
  readonly #stackAllowance = new LogAllowance(() => {});

  constructor(post: (frame: FromWorkerFrame) => void, showsStacks: boolean) {
    this.#post = post;
    this.#showsStacks = showsStacks;
    this.#allowance = new LogAllowance((lines) => post({ type: 'log-dropped', lines }));
  }

  write(source: LogFrame['source'], level: LogLevel, message: LogMessage, fields: LogFrame['fields']): void {
    if (!this.#allowance.take()) return;
    // A module need not be TypeScript: anything can be the message.
    const given = isError(message) ? { err: message, ...fields } : fields;
    const text = isError(message)
      ? messageOf(message)
      : typeof message === 'string'
        ? message
        : format(message);
    this.#post({
      type: 'log',
      source,
      level,
      message: cut(text, MAX_LINE_CHARS),
      fields: given && plainFields(given),
      key: currentRequest()?.key,
    });
  }

  /** Writes that something of the module failed, with what it threw where the log shows stacks. */
  failed(level: LogLevel, message: string, thrown: unknown): void {
    this.write('session', level, message, this.#showsStacks ? { err: thrown } : undefined);
  }

  /** The stack of what a handler threw, if the log shows it. */
  stackOf(thrown: unknown): string | undefined {
    return this.#showsStacks && thrown !== undefined && this.#stackAllowance.take()
      ? stackOf(thrown)
      : undefined;
  }
}

/** Sends this thread's stdout and stderr to the log; `console` writes to them. */
export function captureOutput(log: ModuleLog): void {
  capture(process.stdout, (line) => log.write('stdout', 'info', line, undefined));
  capture(process.stderr, (line) => log.write('stderr', 'warn', line, undefined));
}

type WriteCallback = (error?: Error | null) => void;

function capture(stream: NodeJS.WriteStream, onText: (text: string) => void): void {
  const events = new OutputEvents();
  const write = (
    chunk: string | Uint8Array,
    encodingOrCallback?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean => {
    for (const event of events.push(chunk)) onText(event);
    const done = typeof encodingOrCallback === 'function' ? encodingOrCallback : callback;
    if (done !== undefined) queueMicrotask(() => done());
    return true;
  };
  stream.write = write as typeof stream.write;
}
