/**
 * What the module logs or writes to stdout and stderr becomes `log` frames. Nothing of a session reaches the gateway's
 * own stdout, and a module that prints in a loop causes a bounded number of lines.
 */
import { StringDecoder } from 'node:string_decoder';
import { format, types } from 'node:util';
import { cut } from '../../src/shared/errors.js';
import type { FromWorkerFrame, LogFrame, LogLevel } from '../../src/shared/frames/from-worker.js';
import { MAX_JSON_DEPTH, nestsDeeperThan } from '../../src/shared/json-depth.js';
import { LogAllowance } from '../log-allowance.js';
import { currentRequest } from './current-request.js';

const MAX_LINE_CHARS = 8192;

export class ModuleLog {
  /** Whether the log shows stacks. */
  readonly showsStacks: boolean;
  readonly #post: (frame: FromWorkerFrame) => void;
  readonly #allowance: LogAllowance;

  constructor(post: (frame: FromWorkerFrame) => void, showsStacks: boolean) {
    this.#post = post;
    this.showsStacks = showsStacks;
    this.#allowance = new LogAllowance((lines) => post({ type: 'log-dropped', lines }));
  }

  write(source: LogFrame['source'], level: LogLevel, message: string, fields: LogFrame['fields']): void {
    if (!this.#allowance.take()) return;
    // A module need not be TypeScript.
    const line = cut(typeof message === 'string' ? message : format(message), MAX_LINE_CHARS);
    this.#post({
      type: 'log',
      source,
      level,
      message: line,
      fields: plain(fields, this.showsStacks),
      key: currentRequest()?.key,
    });
  }
}

/** Fields in the form that JSON gives them: what cannot be cloned must not make a log call throw in a tool. */
function plain(fields: LogFrame['fields'], showsStacks: boolean): LogFrame['fields'] {
  if (fields === undefined) return undefined;
  try {
    const text = JSON.stringify(fields, plainErrors(showsStacks));
    if (text.length <= MAX_LINE_CHARS && !nestsDeeperThan(text, MAX_JSON_DEPTH))
      return JSON.parse(text) as LogFrame['fields'];
    return { truncated: `${text.slice(0, MAX_LINE_CHARS)}…` };
  } catch {
    // A circle, a BigInt, or a getter that throws: shown as console.log would.
    return { unserializable: format('%o', Object.keys(fields)) };
  }
}

/** For `JSON.stringify`, which sees only the added properties of an error. */
function plainErrors(showsStacks: boolean): (key: string, value: unknown) => unknown {
  const seen = new Set<unknown>();
  return (_key, value) => {
    if (!(value instanceof Error || types.isNativeError(value))) return value;
    if (seen.has(value)) return '[circular]';
    seen.add(value);
    const { name, message, cause, stack } = value;
    const { errors } = value as { readonly errors?: unknown };
    const own: object = value;
    return {
      name,
      message,
      ...own,
      ...(cause !== undefined && { cause }),
      ...(Array.isArray(errors) && { errors }),
      ...(showsStacks && { stack }),
    };
  };
}

/** Sends this thread's stdout and stderr to the log; `console` writes to them. */
export function captureOutput(log: ModuleLog): void {
  capture(process.stdout, (line) => log.write('stdout', 'info', line, undefined));
  capture(process.stderr, (line) => log.write('stderr', 'warn', line, undefined));
}

type WriteCallback = (error?: Error | null) => void;

function capture(stream: NodeJS.WriteStream, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let partial = '';
  const write = (
    chunk: string | Uint8Array,
    encodingOrCallback?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean => {
    const text = typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk));
    const lines = (partial + text).split('\n');
    partial = lines.pop() ?? '';
    if (partial.length > MAX_LINE_CHARS) {
      lines.push(partial);
      partial = '';
    }
    for (const line of lines) if (line.trim() !== '') onLine(line.trimEnd());
    const done = typeof encodingOrCallback === 'function' ? encodingOrCallback : callback;
    if (done !== undefined) queueMicrotask(() => done());
    return true;
  };
  stream.write = write as typeof stream.write;
}
