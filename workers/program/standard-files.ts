/**
 * The file descriptors 0, 1 and 2 of a program that runs in this thread. The process's own belong to the gateway, so
 * the functions of `node:fs` that take a descriptor get these instead. stdin cannot be read in this way.
 */
import fs from 'node:fs';
import type { ProgramInput, ProgramOutput } from './standard-streams.js';

type AnyFunction = (this: unknown, ...parameters: never[]) => unknown;

export interface StandardFiles {
  readonly stdin: ProgramInput;
  readonly stdout: ProgramOutput;
  readonly stderr: ProgramOutput;
  /** The program has closed its stdout by its descriptor. */
  readonly onStdoutClosed: () => void;
}

/** Functions that read, whose first parameter is a descriptor. */
const READING = ['read', 'readv', 'readFile'] as const;

export function ownStandardFiles(files: StandardFiles): void {
  const outputOf = (fd: unknown): ProgramOutput | undefined => {
    if (fd === 1) return files.stdout;
    return fd === 2 ? files.stderr : undefined;
  };
  for (const name of READING) {
    replace(name, (fd) => (fd === 0 ? () => notReadable(name) : undefined));
  }
  replace('write', (fd) => writing(outputOf(fd), bytesToWrite));
  replace('writev', (fd) => writing(outputOf(fd), ([buffers]) => Buffer.concat(buffers as Uint8Array[])));
  for (const name of ['writeFile', 'appendFile'] as const) {
    replace(name, (fd) => writing(outputOf(fd), bytesToWrite, 'none'));
  }
  replace('close', (fd) => {
    if (fd === 0) return () => void files.stdin.destroy();
    if (fd === 1) return () => files.onStdoutClosed();
    return fd === 2 ? () => {} : undefined;
  });
}

/** What is done in place of a function, with its parameters after the descriptor; `undefined`: the function itself. */
type Stand = ((rest: unknown[]) => unknown) | undefined;

/** Replaces the function, its variant that returns, and the one that promises where it takes descriptors. */
function replace(name: string, standFor: (fd: unknown) => Stand): void {
  const functions = fs as unknown as Record<string, AnyFunction>;
  for (const variant of [name, `${name}Sync`]) {
    const original = functions[variant];
    if (original === undefined) continue;
    const isSync = variant !== name;
    const replaced = function (this: unknown, ...parameters: unknown[]): unknown {
      const stand = standFor(parameters[0]);
      if (stand === undefined) return original.apply(this, parameters as never[]);
      const rest = parameters.slice(1);
      if (isSync) return stand(rest);
      const callback = rest.at(-1) as (error: unknown, ...results: unknown[]) => void;
      const others = rest.slice(0, -1);
      let outcome: [unknown, ...unknown[]];
      try {
        // As Node does, `write` passes on what it was given.
        outcome = [null, stand(others), others[0]];
      } catch (error) {
        outcome = [error];
      }
      process.nextTick(callback, ...outcome);
      return undefined;
    };
    // Names, lengths, and how `util.promisify` names the results.
    Object.defineProperties(replaced, Object.getOwnPropertyDescriptors(original));
    functions[variant] = replaced as AnyFunction;
  }
}

function writing(
  output: ProgramOutput | undefined,
  bytesOf: (rest: unknown[]) => Uint8Array,
  returns: 'bytes' | 'none' = 'bytes',
): Stand {
  if (output === undefined) return undefined;
  return (rest) => {
    const bytes = bytesOf(rest);
    output.writeNow(bytes);
    return returns === 'bytes' ? bytes.byteLength : undefined;
  };
}

/** `(buffer, offset, length, position)`, `(buffer, { offset, length })` or `(text, position, encoding)`. */
function bytesToWrite([data, second, third]: unknown[]): Uint8Array {
  if (typeof data === 'string') {
    const encoding =
      (typeof second === 'string' ? second : third) ?? (second as { encoding?: unknown })?.encoding;
    return Buffer.from(data, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  const { buffer, byteOffset, byteLength } = data as NodeJS.ArrayBufferView;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const given = typeof second === 'object' && second !== null ? second : { offset: second, length: third };
  const { offset, length } = given as { readonly offset?: unknown; readonly length?: unknown };
  const start = typeof offset === 'number' ? offset : 0;
  return bytes.subarray(start, typeof length === 'number' ? start + length : undefined);
}

function notReadable(name: string): never {
  const message = `EAGAIN: stdin of a program in a thread is read with process.stdin, not with fs.${name}`;
  throw Object.assign(new Error(message), { code: 'EAGAIN', syscall: 'read' });
}
