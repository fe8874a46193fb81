/**
 * Processes that a program in this thread starts with `node:child_process`. They start in the program's folder, and
 * what they would inherit as stdin, stdout and stderr is the program's and not the gateway's.
 */
import childProcess, { ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ProgramOutput } from './standard-streams.js';
import type { WorkingFolder } from './working-folder.js';

type AnyFunction = (this: unknown, ...parameters: unknown[]) => unknown;

interface SpawnOptions {
  readonly cwd?: unknown;
  readonly stdio?: unknown;
}

export interface ProgramOutputs {
  readonly stdout: ProgramOutput;
  readonly stderr: ProgramOutput;
}

/** The streams of a child, by its descriptor, that belong to the program: each is a pipe that is passed on. */
type Inherited = ReadonlyMap<number, ProgramOutput>;

export class StartedChildren {
  readonly #folder: WorkingFolder;
  readonly #outputs: ProgramOutputs;
  readonly #running = new Set<ChildProcess>();

  constructor(folder: WorkingFolder, outputs: ProgramOutputs) {
    this.#folder = folder;
    this.#outputs = outputs;
    this.#patchSpawn();
    this.#patchSync();
    syncBuiltinESMExports();
  }

  /**
   * Kills those that still run, and resolves when they are gone. Only this thread can reap them: after its end they
   * would stay in the process table.
   */
  async kill(): Promise<void> {
    await Promise.all(
      [...this.#running].map(
        (child) =>
          new Promise<void>((resolve) => {
            child.once('exit', () => resolve());
            child.ref();
            child.kill('SIGKILL');
          }),
      ),
    );
  }

  /** All of Node's functions that do not wait for the process come to this method. */
  #patchSpawn(): void {
    const prototype = ChildProcess.prototype as unknown as { spawn: AnyFunction };
    const { spawn } = prototype;
    const started = this;
    prototype.spawn = function (this: ChildProcess, given: unknown) {
      const options = given as SpawnOptions;
      const { stdio, inherited } = started.#ownStdio(options.stdio);
      const result = spawn.call(this, { ...options, cwd: started.#cwdOf(options), stdio });
      if (this.pid !== undefined) {
        started.#running.add(this);
        this.once('exit', () => started.#running.delete(this));
      }
      for (const [fd, output] of inherited) passOn(this, fd, output);
      return result;
    } as AnyFunction;
  }

  #patchSync(): void {
    const functions = childProcess as unknown as Record<string, AnyFunction>;
    for (const name of ['spawnSync', 'execFileSync', 'execSync']) {
      const original = functions[name] as AnyFunction;
      const started = this;
      functions[name] = function (...parameters) {
        // `(command, args?, options?)`; `execSync` has no `args`.
        const place = name === 'execSync' || !Array.isArray(parameters[1]) ? 1 : 2;
        const isAbsent = place === 1 && name !== 'execSync' && parameters[1] == null && parameters.length > 2;
        const at = isAbsent ? 2 : place;
        const options = (parameters[at] ?? {}) as SpawnOptions;
        const { stdio, inherited } = started.#ownStdio(options.stdio);
        parameters[at] = {
          ...options,
          cwd: started.#cwdOf(options),
          ...(options.stdio !== undefined && { stdio }),
        };
        if (at === 2 && parameters[1] == null) parameters[1] = [];
        const result = original.apply(this, parameters);
        if (name === 'spawnSync') passOnResult(result, inherited);
        else if (inherited.has(1)) return passOnOutput(result, inherited);
        return result;
      };
      Object.defineProperties(functions[name], Object.getOwnPropertyDescriptors(original));
    }
  }

  #cwdOf({ cwd }: SpawnOptions): string {
    if (cwd === undefined || cwd === null) return this.#folder.path;
    return this.#folder.absolute(cwd instanceof URL ? fileURLToPath(cwd) : String(cwd));
  }

  /** The stdio of the child, in which nothing is a descriptor of the gateway. */
  #ownStdio(given: unknown): { readonly stdio: unknown; readonly inherited: Inherited } {
    const inherited = new Map<number, ProgramOutput>();
    const list = typeof given === 'string' ? [given, given, given] : given;
    if (!Array.isArray(list)) return { stdio: given, inherited };
    const stdio = list.map((one: unknown, fd) => {
      const source = one === 'inherit' ? fd : descriptorOf(one);
      if (source === 0) return 'ignore';
      if (source !== 1 && source !== 2) return one;
      inherited.set(fd, source === 1 ? this.#outputs.stdout : this.#outputs.stderr);
      return 'pipe';
    });
    return { stdio, inherited };
  }
}

function descriptorOf(stdio: unknown): number | undefined {
  if (typeof stdio === 'number') return stdio;
  if (typeof stdio !== 'object' || stdio === null) return undefined;
  const { fd } = stdio as { readonly fd?: unknown };
  return typeof fd === 'number' ? fd : undefined;
}

/** As with an inherited stream, the child has none that the program could read. */
function passOn(child: ChildProcess, fd: number, output: ProgramOutput): void {
  const streams = child.stdio as (Readable | null)[] | undefined;
  const stream = streams?.[fd];
  if (streams === undefined || stream === undefined || stream === null) return;
  streams[fd] = null;
  const own = child as { -readonly [Key in 'stdout' | 'stderr']: ChildProcessWithoutNullStreams[Key] | null };
  if (fd === 1) own.stdout = null;
  if (fd === 2) own.stderr = null;
  stream.on('data', (chunk: Buffer) => {
    if (output.write(chunk)) return;
    stream.pause();
    output.once('drain', () => stream.resume());
  });
  // It ends with the child.
  stream.on('error', () => stream.destroy());
  (stream as { unref?: () => void }).unref?.();
}

function passOnResult(result: unknown, inherited: Inherited): void {
  const { output } = result as { readonly output: (Buffer | string | null)[] | null };
  if (output === null) return;
  for (const [fd, stream] of inherited) {
    const written = output[fd];
    if (written !== null && written !== undefined) stream.write(written);
    output[fd] = null;
    if (fd === 1) Object.assign(result as object, { stdout: null });
    if (fd === 2) Object.assign(result as object, { stderr: null });
  }
}

/** `execSync` and `execFileSync` return what was written to stdout; they write what was inherited as stderr themselves. */
function passOnOutput(stdout: unknown, inherited: Inherited): null {
  if (typeof stdout === 'string' || stdout instanceof Uint8Array) inherited.get(1)?.write(stdout);
  return null;
}
