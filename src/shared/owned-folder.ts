/**
 * Folders for temporary files that say which gateway they belong to, also after that gateway is gone.
 *
 * Programs create sockets in them, and the path of a socket has 107 characters at most (103 on macOS), of which Chromium
 * alone needs 45. So their names are short, and the mark is the target of a link inside that leads nowhere: unlike a
 * file, a link is never there in part.
 */
import { lstatSync, mkdtempSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { HAS_PROCESS_TABLE } from './process-table.js';

const PREFIX = 'bh';
/** `mkdtemp` appends six characters. */
const NAME = /^bh[0-9A-Za-z]{6}$/;
const MARK_LINK = '.bulkhead-owner';

/**
 * @param mark that of the session's processes (`process-owner.ts`)
 * @returns its path
 */
export function makeOwnedFolder(parent: string, mark: string): string {
  const folder = mkdtempSync(join(parent, PREFIX));
  // Elsewhere nobody looks for it.
  if (HAS_PROCESS_TABLE) symlinkSync(mark, join(folder, MARK_LINK));
  return folder;
}

/**
 * `undefined` if it is no such folder of this user: anybody can put a link, or a folder of their own, under such a name.
 */
export function markOfFolder(parent: string, name: string): string | undefined {
  if (!NAME.test(name)) return undefined;
  const folder = join(parent, name);
  const facts = lstatSync(folder, { throwIfNoEntry: false });
  if (facts === undefined || !facts.isDirectory() || facts.uid !== process.geteuid?.()) return undefined;
  try {
    return readlinkSync(join(folder, MARK_LINK));
  } catch {
    // It has no link, or is being removed.
    return undefined;
  }
}
