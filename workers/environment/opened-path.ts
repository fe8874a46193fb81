/** What can be done with a file or folder that {@link RootFolders} has opened. */
import type { Dirent, Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { opendir } from 'node:fs/promises';
import { sep } from 'node:path';

/** An open file or folder inside the roots. Whoever opened it must close `handle`. */
export interface OpenedPath {
  readonly handle: FileHandle;
  readonly stats: Stats;
  /** Absolute, without symbolic links. */
  readonly realPath: string;
}

/** Maximum number of entries that are read of one folder; of a larger one, only a part is listed. */
const MAX_SCANNED_ENTRIES = 50_000;

/**
 * The entries of an opened folder, sorted by name; `complete` is false if it has more than can be listed. Symbolic
 * links are listed as such and not followed.
 */
export async function listEntries(
  opened: OpenedPath,
  signal: AbortSignal,
): Promise<{ entries: Dirent[]; complete: boolean }> {
  const entries: Dirent[] = [];
  let complete = true;
  for await (const entry of await opendir(entryPath(opened), { bufferSize: 256 })) {
    signal.throwIfAborted();
    if (entries.length === MAX_SCANNED_ENTRIES) {
      complete = false;
      break;
    }
    entries.push(entry);
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { entries, complete };
}

/** The path to an opened folder, or to one entry of it. On Linux it goes through the open folder itself. */
export function entryPath(opened: OpenedPath, name?: string): string {
  const folder = process.platform === 'linux' ? `/proc/self/fd/${opened.handle.fd}` : opened.realPath;
  return name === undefined ? folder : `${folder}${sep}${name}`;
}

/**
 * Reads up to `length` bytes from `offset`; fewer only at the end of the file. It loops because one read may return
 * less than requested.
 */
export async function readWindow(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
