/**
 * The current folder of a program that runs in this thread. All threads of a process have the same one, so Node's file
 * functions would look for relative paths there. If the program's is another, they are given absolute paths here.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isAbsolute, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { baseName, GLOBS, PATH_ARGUMENTS } from './path-functions.js';

type AnyFunction = (this: unknown, ...parameters: unknown[]) => unknown;

export class WorkingFolder {
  readonly #processFolder = process.cwd();
  #path: string;
  #isPatched = false;

  /** @param path absolute */
  constructor(path: string) {
    this.#path = path;
    process.cwd = () => this.#path;
    process.chdir = (folder: string) => this.#change(folder);
    this.#patchIfNeeded();
  }

  get path(): string {
    return this.#path;
  }

  /** A relative path as the system has to receive it. Its parts stay as they are: `a/..` may lead elsewhere. */
  absolute(path: string): string {
    if (path === '' || isAbsolute(path)) return path;
    return sep === '/' ? this.#prefix + path : resolve(this.#path, path);
  }

  get #prefix(): string {
    return this.#path.endsWith(sep) ? this.#path : this.#path + sep;
  }

  #change(folder: string): void {
    if (typeof folder !== 'string') {
      const message = `The "directory" argument must be of type string. Received ${typeof folder}`;
      throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    let code = 'ENOTDIR';
    try {
      // As the system does, without the links on the way.
      const real = fs.realpathSync.native(this.absolute(folder));
      if (fs.statSync(real).isDirectory()) {
        fs.accessSync(real, fs.constants.X_OK);
        this.#path = real;
        return this.#patchIfNeeded();
      }
    } catch (error) {
      code = (error as NodeJS.ErrnoException).code ?? code;
    }
    const message = `${code}: ${REASONS[code] ?? 'no such directory'}, chdir '${this.#path}' -> '${folder}'`;
    throw Object.assign(new Error(message), { code, syscall: 'chdir', path: this.#path, dest: folder });
  }

  #patchIfNeeded(): void {
    if (this.#isPatched || this.#path === this.#processFolder) return;
    this.#isPatched = true;
    patchFunctions(fs as unknown as Record<string, unknown>, this);
    patchFunctions(fs.promises as unknown as Record<string, unknown>, this);
    const { loadEnvFile } = process as { loadEnvFile?: (path?: string) => void };
    if (loadEnvFile !== undefined) {
      Object.assign(process, { loadEnvFile: (path = '.env') => loadEnvFile(resolve(this.#path, path)) });
    }
    syncBuiltinESMExports();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
};

function patchFunctions(owner: Record<string, unknown>, folder: WorkingFolder): void {
  for (const [name, value] of Object.entries(owner)) {
    if (typeof value !== 'function') continue;
    const original = value as AnyFunction;
    const places = PATH_ARGUMENTS[baseName(name)];
    // It asks for the current folder itself, and so its errors have absolute paths.
    if (places !== undefined && 'native' in original) patchNative(original, places, folder);
    else if (places !== undefined) owner[name] = withAbsolutePaths(original, places, folder, baseName(name));
    else if (GLOBS.includes(name)) owner[name] = withFolder(original, folder);
  }
}

function patchNative(realpath: AnyFunction, places: readonly number[], folder: WorkingFolder): void {
  const { native } = realpath as unknown as { readonly native: AnyFunction };
  Object.assign(realpath, { native: withAbsolutePaths(native, places, folder, 'realpath') });
}

function withAbsolutePaths(
  original: AnyFunction,
  places: readonly number[],
  folder: WorkingFolder,
  name: string,
): AnyFunction {
  const patched: AnyFunction = function (...parameters) {
    const given = new Map<string, string>();
    for (const place of places) {
      const path = parameters[place];
      if (typeof path === 'string') {
        const absolute = folder.absolute(path);
        if (absolute === path) continue;
        given.set(absolute, path);
        parameters[place] = absolute;
      } else if (path instanceof Uint8Array && path.length > 0) {
        parameters[place] = absoluteBytes(Buffer.from(path), folder);
      }
    }
    if (given.size === 0) return original.apply(this, parameters);
    const seen = new AsGiven(given, name);
    const last = parameters.length - 1;
    const callback = parameters[last];
    // A listener of `watch` gets no error.
    if (typeof callback === 'function' && !name.includes('atch')) {
      parameters[last] = (error: unknown, ...results: unknown[]) =>
        (callback as AnyFunction).call(
          undefined,
          seen.error(error),
          ...results.map((one) => seen.result(one)),
        );
    }
    try {
      const result = original.apply(this, parameters);
      if (!(result instanceof Promise)) return seen.result(result);
      return result.then(
        (value) => seen.result(value),
        (error: unknown) => {
          throw seen.error(error);
        },
      );
    } catch (error) {
      throw seen.error(error);
    }
  };
  return alike(patched, original, (member) => withAbsolutePaths(member, places, folder, name));
}

/** What a function returns and throws, with the paths that the program gave it. */
class AsGiven {
  readonly #given: ReadonlyMap<string, string>;
  readonly #name: string;

  constructor(given: ReadonlyMap<string, string>, name: string) {
    this.#given = given;
    this.#name = name;
  }

  error(thrown: unknown): unknown {
    if (!(thrown instanceof Error)) return thrown;
    const error = thrown as NodeJS.ErrnoException & { dest?: string };
    for (const [absolute, path] of this.#given) {
      const message = error.message.replaceAll(`'${absolute}'`, `'${path}'`);
      if (message !== error.message) {
        // The stack begins with the message.
        const { stack } = error;
        error.message = message;
        if (stack !== undefined) error.stack = stack.replaceAll(`'${absolute}'`, `'${path}'`);
      }
      if (error.path === absolute) error.path = path;
      if (error.dest === absolute) error.dest = path;
    }
    return error;
  }

  result(value: unknown): unknown {
    const [[absolute, path] = ['', '']] = this.#given;
    switch (this.#name) {
      case 'mkdtemp':
        return typeof value === 'string' ? path + value.slice(absolute.length) : value;
      // The first folder that it made.
      case 'mkdir':
        return typeof value === 'string' ? value.slice(absolute.length - path.length) : value;
      case 'readdir':
        if (Array.isArray(value)) for (const entry of value) withGivenParent(entry, absolute, path);
        return value;
      default:
        return value;
    }
  }
}

/** The entries of a folder name it (`withFileTypes`). */
function withGivenParent(entry: unknown, absolute: string, path: string): void {
  if (!(entry instanceof fs.Dirent)) return;
  for (const key of ['parentPath', 'path'] as const) {
    const parent = (entry as unknown as Record<string, unknown>)[key];
    if (typeof parent === 'string' && parent.startsWith(absolute))
      Object.assign(entry, { [key]: path + parent.slice(absolute.length) });
  }
}

function withFolder(original: AnyFunction, folder: WorkingFolder): AnyFunction {
  const patched: AnyFunction = function (pattern, options, ...rest) {
    if (typeof options === 'function') return original.call(this, pattern, { cwd: folder.path }, options);
    const { cwd = folder.path, ...others } = (options ?? {}) as { readonly cwd?: string | URL };
    const absolute = cwd instanceof URL ? fileURLToPath(cwd) : folder.absolute(cwd);
    return original.call(this, pattern, { ...others, cwd: absolute }, ...rest);
  };
  return alike(patched, original, (member) => withFolder(member, folder));
}

/** Gives it the name, the length and the members of the original. */
function alike(
  patched: AnyFunction,
  original: AnyFunction,
  wrap: (member: AnyFunction) => AnyFunction,
): AnyFunction {
  const { prototype: _own, ...members } = Object.getOwnPropertyDescriptors(original) as PropertyDescriptorMap;
  // What `util.promisify` makes of `exists`.
  const promisified = members[promisify.custom as unknown as string];
  if (typeof promisified?.value === 'function' && promisified.value !== original) {
    members[promisify.custom as unknown as string] = { ...promisified, value: wrap(promisified.value) };
  }
  Object.defineProperties(patched, members);
  return patched;
}

function absoluteBytes(path: Buffer, folder: WorkingFolder): Buffer {
  const text = path.toString('latin1');
  if (isAbsolute(text)) return path;
  return Buffer.concat([Buffer.from(folder.absolute('.').slice(0, -1)), path]);
}
