/**
 * The only way from a path that a client names to an open file. A path is checked three times: as text, so that nothing
 * outside of the roots is even accessed; with its symbolic links resolved; and once more on the open file itself,
 * because a link can replace it between the second check and the opening.
 */
import type { Stats } from 'node:fs';
import { constants, readlinkSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { lstat, open, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { OpenedPath } from './opened-path.js';
import { ToolError } from './tool-result.js';

export class RootFolders {
  readonly #roots: readonly string[];
  #resolvedRoots: readonly string[] | undefined;

  /** @param roots absolute folders; a relative path that a client names is relative to the first one */
  constructor(roots: readonly string[]) {
    this.#roots = roots.map((root) => resolve(root));
  }

  /** For descriptions: the names of the folders. */
  describe(): string {
    return this.#roots.length === 0 ? 'none' : this.#roots.join(', ');
  }

  /**
   * Opens what a client names.
   * @param path absolute, or relative to the first root
   * @throws {ToolError} for a path outside of the roots, a missing one, one of another kind, or one without permission
   */
  async open(path: string, kind: 'file' | 'directory' | 'any'): Promise<OpenedPath> {
    let opened: OpenedPath;
    try {
      const realRoots = await this.#realRoots();
      const named = this.#resolveText(path, realRoots);
      const real = await realpath(named);
      if (!isInside(real, realRoots)) throw this.#outside(path);
      opened = await this.openReal(real);
    } catch (error) {
      throw explained(error, path);
    }
    const mismatch = kindMismatch(opened.stats, kind);
    if (mismatch === undefined) return opened;
    await opened.handle.close();
    throw new ToolError(`"${path}" is not ${mismatch}; name one, for instance from list_directory's answer.`);
  }

  /**
   * Opens a path without symbolic links, such as a child of an opened folder.
   * @throws {ToolError} if what was opened is outside of the roots; the system's own error otherwise
   */
  async openReal(path: string): Promise<OpenedPath> {
    // Without O_NONBLOCK, opening a pipe waits for a writer and occupies one of the process's few I/O threads.
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const realPath = await openedRealPath(handle, path);
      if (!isInside(realPath, await this.#realRoots())) throw this.#outside(path);
      return { handle, stats: await handle.stat(), realPath };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** A path as the client sees it: relative to the first root if it is inside of it. */
  async display(realPath: string): Promise<string> {
    const realRoots = await this.#realRoots();
    const [first] = realRoots;
    const isComplete = realRoots.length === this.#roots.length;
    if (!isComplete || first === undefined || !isInside(realPath, [first])) return realPath;
    return relative(first, realPath) || '.';
  }

  #resolveText(path: string, realRoots: readonly string[]): string {
    const [first] = this.#roots;
    if (first === undefined) {
      throw new ToolError('No root folder is configured, so no file can be read; ask the operator for one.');
    }
    if (path.includes('\0')) throw new ToolError('The path holds a NUL character; send it without.');
    const named = resolve(first, path);
    if (!isInside(named, this.#roots) && !isInside(named, realRoots)) throw this.#outside(path);
    return named;
  }

  /** Resolved once, when all of them exist, because a search asks for each file. */
  async #realRoots(): Promise<readonly string[]> {
    if (this.#resolvedRoots !== undefined) return this.#resolvedRoots;
    const resolved = await Promise.all(this.#roots.map((root) => realpathIfThere(root)));
    const there = resolved.filter((root) => root !== undefined);
    if (there.length === resolved.length) this.#resolvedRoots = there;
    return there;
  }

  #outside(path: string): ToolError {
    return new ToolError(
      `"${path}" is outside of the root folders (${this.describe()}); name a path inside.`,
    );
  }
}

async function openedRealPath(handle: FileHandle, openedAs: string): Promise<string> {
  // Synchronous, because procfs answers from memory faster than an I/O thread could be asked.
  if (process.platform === 'linux') return readlinkSync(`/proc/self/fd/${handle.fd}`);
  const real = await realpath(openedAs);
  const [opened, found] = await Promise.all([handle.stat(), lstat(real)]);
  if (opened.dev === found.dev && opened.ino === found.ino) return real;
  throw new ToolError(`"${openedAs}" changed while it was opened; try again.`);
}

async function realpathIfThere(root: string): Promise<string | undefined> {
  try {
    return await realpath(root);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isInside(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => {
    const way = relative(folder, path);
    return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
  });
}

function kindMismatch(stats: Stats, kind: 'file' | 'directory' | 'any'): string | undefined {
  if (kind === 'directory') return stats.isDirectory() ? undefined : 'a folder';
  if (kind === 'file') return stats.isFile() ? undefined : 'a regular file';
  return stats.isFile() || stats.isDirectory() ? undefined : 'a regular file or folder';
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist; see list_directory for what there is',
  ENOTDIR: 'leads through something that is not a folder; see list_directory for what there is',
  EACCES: 'may not be read by the gateway; choose another or have its permissions changed',
  EPERM: 'may not be read by the gateway; choose another or have its permissions changed',
  ELOOP: 'leads through a loop of symbolic links; name the target itself',
  ENAMETOOLONG: 'is too long a path; shorten it',
  ENXIO: 'is not a regular file or folder; name one',
};

/** Translates the system's error into one that the client understands; anything else is returned unchanged. */
function explained(error: unknown, path: string): unknown {
  if (error instanceof ToolError || !hasCode(error)) return error;
  const explanation = EXPLANATIONS[error.code] ?? `cannot be opened (${error.code}); choose another`;
  return new ToolError(`"${path}" ${explanation}.`, { cause: error });
}

/** Whether it is one of the system's errors, with a code such as `ENOENT`. */
export function hasCode(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
