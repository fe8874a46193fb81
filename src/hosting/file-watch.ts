/**
 * Watches files, and says when the content of one has changed. Their folders are watched and not they themselves: editors
 * write a new file and rename it, and builds remove whole folders. Nothing is polled.
 */
import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, relative, sep } from 'node:path';
import { messageOf } from '../shared/errors.js';

/** The system has a limit on what a user may watch, and all programs share it. */
const MAX_WATCHED_FOLDERS = 256;
/** Editors and compilers write several files, or a file in several steps: a change counts when this long nothing follows. */
const SETTLE_MS = 40;

/** Far more folders than are made one in the other while they are looked for. */
const MAX_ROUNDS = 32;

/** What is watched for a folder: the folder itself or, while it is not there, the nearest one above it. */
interface Place {
  readonly path: string;
  /** A folder that was removed, or renamed, and made again is another one. */
  readonly identity: string;
}

export interface FileWatchOwner {
  /** At least one file has another content, is new or is gone. */
  onChanged(): void;
  /** Something is not watched: why, as a sentence. */
  onFailed(why: string): void;
}

export class FileWatch {
  readonly #owner: FileWatchOwner;
  readonly #folders = new Map<string, Place & { readonly watcher: FSWatcher }>();
  /** By path: a digest of its content; `undefined`: it is not there. */
  #contents = new Map<string, string | undefined>();
  #settle: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #warned = false;
  #closed = false;

  constructor(owner: FileWatchOwner) {
    this.#owner = owner;
  }

  /**
   * Watches these files from now on, and no others. Resolves when their present contents are known.
   * @param sinceMs when they were read by whoever uses them, in milliseconds of Unix time: one that has been written
   *   since has changed
   */
  async watch(files: Iterable<string>, sinceMs: number): Promise<void> {
    const paths = [...files];
    const added = paths.filter((path) => !this.#contents.has(path));
    const read = await contentsOf(added);
    if (this.#closed) return;
    // A known file may have changed again since its change was seen.
    this.#contents = new Map(
      paths.map((path) => [path, (this.#contents.has(path) ? this.#contents : read).get(path)]),
    );
    const folders = new Set(paths.map(dirname));
    for (const folder of this.#folders.keys()) if (!folders.has(folder)) this.#forget(folder);
    await this.look();
    if ((await anyWritten(added, sinceMs)) && !this.#closed) this.#owner.onChanged();
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
    for (const folder of [...this.#folders.keys()]) this.#forget(folder);
    await this.#looking;
  }

  /** Watches the folders of all files, or what is there in their place. */
  async #follow(): Promise<void> {
    const folders = new Set([...this.#contents.keys()].map(dirname));
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      let opened = false;
      for (const folder of folders) {
        const place = await placeOf(folder);
        const present = this.#folders.get(folder);
        if (present?.path === place.path && present.identity === place.identity) continue;
        this.#forget(folder);
        if (this.#closed) return;
        opened = this.#open(folder, place) || opened;
      }
      // A folder may have been made before the one above it was watched.
      if (!opened) return;
    }
  }

  #forget(folder: string): void {
    this.#folders.get(folder)?.watcher.close();
    this.#folders.delete(folder);
  }

  /** @returns whether it is watched */
  #open(folder: string, place: Place): boolean {
    if (this.#folders.size >= MAX_WATCHED_FOLDERS) {
      this.#warn(`the files are in more than ${MAX_WATCHED_FOLDERS} folders, and only these are watched`);
      return false;
    }
    try {
      const watcher = watch(place.path, (_event, name) => this.#noticed(folder, place, name));
      watcher.on('error', (error) => {
        this.#forget(folder);
        this.#warn(`${place.path} is not watched any more: ${messageOf(error)}`);
      });
      this.#folders.set(folder, { ...place, watcher });
      return true;
    } catch (error) {
      this.#warn(`${place.path} cannot be watched: ${messageOf(error)}`);
      return false;
    }
  }

  #warn(why: string): void {
    if (this.#warned || this.#closed) return;
    this.#warned = true;
    this.#owner.onFailed(why);
  }

  /** @param name of the file, where the system tells it; of the place itself, where that is removed or renamed */
  #noticed(folder: string, { path: place }: Place, name: string | null): void {
    const [below] = relative(place, folder).split(sep);
    const expected = (): boolean =>
      place === folder
        ? [...this.#contents.keys()].some((path) => dirname(path) === folder && basename(path) === name)
        : name === below;
    if (this.#closed || !(name === null || name === basename(place) || expected())) return;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => void this.look(), SETTLE_MS);
  }

  /** A file that was only touched is no change. */
  async #compare(): Promise<void> {
    const before = this.#contents;
    await this.#follow();
    const now = await contentsOf(before.keys());
    if (this.#closed || this.#contents !== before) return;
    this.#contents = now;
    if ([...now].some(([path, content]) => before.get(path) !== content)) this.#owner.onChanged();
  }
}

async function anyWritten(paths: readonly string[], sinceMs: number): Promise<boolean> {
  // A file that is not there was not written.
  const times = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return times.some((timeMs) => timeMs > sinceMs);
}

async function placeOf(folder: string): Promise<Place> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      const { dev, ino } = await stat(path);
      return { path, identity: `${dev}:${ino}` };
    } catch (error) {
      // The root is always there.
      if (dirname(path) === path) throw error;
    }
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
