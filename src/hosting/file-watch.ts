/**
 * Watches files, and says when the content of one has changed. Their folders are watched and not they themselves: editors
 * write a new file and rename it. Nothing is polled.
 */
import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { messageOf } from '../shared/errors.js';

/** The system has a limit on what a user may watch, and all programs share it. */
const MAX_WATCHED_FOLDERS = 256;
/** Editors and compilers write several files, or a file in several steps: a change counts when this long nothing follows. */
const SETTLE_MS = 40;

export interface FileWatchOwner {
  /** At least one file has another content, is new or is gone. */
  onChanged(): void;
  /** Something is not watched: why, as a sentence. */
  onFailed(why: string): void;
}

export class FileWatch {
  readonly #owner: FileWatchOwner;
  readonly #folders = new Map<string, FSWatcher>();
  /** By path: a digest of its content; `undefined`: it is not there. */
  #contents = new Map<string, string | undefined>();
  #settle: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #warned = false;
  #closed = false;

  constructor(owner: FileWatchOwner) {
    this.#owner = owner;
  }

  /** Watches these files from now on, and no others. Resolves when their present contents are known. */
  async watch(files: Iterable<string>): Promise<void> {
    const paths = [...files];
    const read = await contentsOf(paths.filter((path) => !this.#contents.has(path)));
    if (this.#closed) return;
    // A known file may have changed again since its change was seen.
    this.#contents = new Map(
      paths.map((path) => [path, (this.#contents.has(path) ? this.#contents : read).get(path)]),
    );
    const folders = new Set(paths.map(dirname));
    for (const [folder, watcher] of this.#folders) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
    for (const folder of folders) if (!this.#folders.has(folder)) this.#open(folder);
    await this.look();
  }

  /** How many are watched. */
  get files(): number {
    return this.#contents.size;
  }

  /** Looks whether something has changed, as after an event. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#compare());
    return this.#looking;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#settle);
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
    await this.#looking;
  }

  #open(folder: string): void {
    if (this.#folders.size >= MAX_WATCHED_FOLDERS) {
      return this.#warn(
        `the files are in more than ${MAX_WATCHED_FOLDERS} folders, and only these are watched`,
      );
    }
    try {
      const watcher = watch(folder, (_event, name) => this.#noticed(folder, name));
      watcher.on('error', (error) => {
        this.#folders.delete(folder);
        watcher.close();
        this.#warn(`${folder} is not watched any more: ${messageOf(error)}`);
      });
      this.#folders.set(folder, watcher);
    } catch (error) {
      this.#warn(`${folder} cannot be watched: ${messageOf(error)}`);
    }
  }

  #warn(why: string): void {
    if (this.#warned || this.#closed) return;
    this.#warned = true;
    this.#owner.onFailed(why);
  }

  /** @param name of the file, where the system tells it */
  #noticed(folder: string, name: string | null): void {
    const known = [...this.#contents.keys()].some(
      (path) => dirname(path) === folder && (name === null || basename(path) === name),
    );
    if (!known || this.#closed) return;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => void this.look(), SETTLE_MS);
  }

  /** A file that was only touched is no change. */
  async #compare(): Promise<void> {
    const before = this.#contents;
    const now = await contentsOf(before.keys());
    if (this.#closed || this.#contents !== before) return;
    this.#contents = now;
    if ([...now].some(([path, content]) => before.get(path) !== content)) this.#owner.onChanged();
  }
}

async function contentsOf(paths: Iterable<string>): Promise<Map<string, string | undefined>> {
  const read = async (path: string): Promise<readonly [string, string | undefined]> => {
    try {
      return [
        path,
        createHash('sha256')
          .update(await readFile(path))
          .digest('base64url'),
      ];
    } catch {
      // It is not there, or cannot be read: the server's start says so if it needs it.
      return [path, undefined];
    }
  };
  return new Map(await Promise.all([...paths].map(read)));
}
