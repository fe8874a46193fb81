/**
 * Watches files, and says when the content of one has changed. Their folders are watched and not they themselves: editors
 * write a new file and rename it, and builds remove whole folders. Nothing is polled.
 */
import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, relative, sep } from 'node:path';
import { shortageOf } from '../isolation/start-shortage.js';
import { messageOf } from '../shared/errors.js';

/** The system has a limit on what a user may watch, and all programs share it. */
const MAX_WATCHED_FOLDERS = 256;
/** Editors and compilers write several files, or a file in several steps: a change counts when this long nothing follows. */
const SETTLE_MS = 40;

/** The system may have a descriptor or memory for it by then. */
const READ_AGAIN_MS = 1_000;
/** All at once, the files of a large server would need as many descriptors. */
const READ_AT_ONCE = 16;

/** Far more folders than are made one in the other while they are looked for. */
const MAX_ROUNDS = 32;

/** What is watched for a folder: the folder itself or, while it is not there, the nearest one above it. */
interface Place {
  readonly path: string;
  /** A folder that was removed, or renamed, and made again is another one. */
  readonly identity: string;
}

/** By path: a digest of its content; `undefined`: it is not there; or `UNREAD`. */
type Contents = Map<string, string | undefined>;

const UNREAD = 'unread';
/** What warnings are about, besides single folders. */
const FOLDERS = 'folders';
const CONTENTS = 'contents';

export interface FileWatchOwner {
  /** At least one file has another content, is new or is gone. */
  onChanged(): void;
  /** Something is not watched: why, as a sentence. */
  onFailed(why: string): void;
}

export class FileWatch {
  readonly #owner: FileWatchOwner;
  readonly #read: (path: string) => Promise<Buffer>;
  readonly #folders = new Map<string, Place & { readonly watcher: FSWatcher }>();
  #contents: Contents = new Map();
  #settle: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  /** What has been said and is still so, by what it is about. */
  readonly #said = new Map<string, string>();
  #closed = false;

  /** @param read how files are read */
  constructor(owner: FileWatchOwner, read: (path: string) => Promise<Buffer> = readFile) {
    this.#owner = owner;
    this.#read = read;
  }

  /**
   * Watches these files from now on, and no others. Resolves when their present contents are known.
   * @param sinceMs when they were read by whoever uses them, in milliseconds of Unix time: one that has been written
   *   since has changed
   */
  async watch(files: Iterable<string>, sinceMs: number): Promise<void> {
    const paths = [...files];
    const added = paths.filter((path) => !this.#contents.has(path));
    const read = await this.#contentsOf(added, new Map());
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
      if (this.#folders.size < MAX_WATCHED_FOLDERS) this.#said.delete(FOLDERS);
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
      this.#warn(
        FOLDERS,
        `the files are in more than ${MAX_WATCHED_FOLDERS} folders, and only these are watched`,
      );
      return false;
    }
    try {
      const watcher = watch(place.path, (_event, name) => this.#noticed(folder, place, name));
      watcher.on('error', (error) => {
        this.#forget(folder);
        this.#warn(folder, `${place.path} is not watched any more: ${messageOf(error)}`);
      });
      this.#folders.set(folder, { ...place, watcher });
      this.#said.delete(folder);
      return true;
    } catch (error) {
      this.#warn(folder, `${place.path} cannot be watched: ${messageOf(error)}`);
      return false;
    }
  }

  /** Once, until it is over or is something else. */
  #warn(about: string, why: string): void {
    if (this.#closed || this.#said.get(about) === why) return;
    this.#said.set(about, why);
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
    this.#lookIn(SETTLE_MS);
  }

  #lookIn(delayMs: number): void {
    if (this.#closed) return;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => void this.look(), delayMs);
  }

  /** @param before what a file that cannot be read at the moment is taken to have */
  async #contentsOf(files: Iterable<string>, before: Contents): Promise<Contents> {
    const paths = [...files];
    const contents: Contents = new Map();
    let failure: unknown;
    const read = async (path: string): Promise<void> => {
      try {
        contents.set(path, await contentOf(path, this.#read));
      } catch (error) {
        failure = error;
        contents.set(path, before.has(path) ? before.get(path) : UNREAD);
      }
    };
    for (let from = 0; from < paths.length; from += READ_AT_ONCE)
      await Promise.all(paths.slice(from, from + READ_AT_ONCE).map(read));
    if (failure === undefined) this.#said.delete(CONTENTS);
    else {
      this.#warn(CONTENTS, `files cannot be read at the moment: ${shortageOf(failure)}`);
      this.#lookIn(READ_AGAIN_MS);
    }
    return contents;
  }

  /** A file that was only touched is no change. */
  async #compare(): Promise<void> {
    const before = this.#contents;
    await this.#follow();
    const now = await this.#contentsOf(before.keys(), before);
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

/** @throws what is no word about the file, but about the system at this moment */
async function contentOf(path: string, read: (path: string) => Promise<Buffer>): Promise<string | undefined> {
  try {
    return createHash('sha256')
      .update(await read(path))
      .digest('base64url');
  } catch (error) {
    if (shortageOf(error) !== undefined) throw error;
    // It is not there, or cannot be read: the server's start says so if it needs it.
    return undefined;
  }
}
