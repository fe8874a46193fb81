/** The folders for temporary files that dead gateways left behind. */
import { opendirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../src/shared/errors.js';
import { markOfFolder } from '../../src/shared/owned-folder.js';
import { isDead, ownerOfMark } from '../../src/shared/process-owner.js';
import { clockMs } from '../session/clock.js';

export interface RemovedFolders {
  readonly removed: number;
  /** Why one could not be removed. */
  readonly failure: string | undefined;
  readonly complete: boolean;
}

/** Removes those in this process's folder for temporary files, of this user alone. */
export function removeLeftFolders(deadlineMs: number): RemovedFolders {
  const parent = tmpdir();
  let removed = 0;
  let failure: string | undefined;
  try {
    // Read entry by entry: such a folder may have any number of them.
    const entries = opendirSync(parent);
    try {
      for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
        if (clockMs() >= deadlineMs) return { removed, failure, complete: false };
        try {
          if (removeIfLeft(parent, entry.name)) removed += 1;
        } catch (error) {
          failure ??= messageOf(error);
        }
      }
    } finally {
      entries.closeSync();
    }
  } catch (error) {
    failure ??= messageOf(error);
  }
  return { removed, failure, complete: true };
}

function removeIfLeft(parent: string, name: string): boolean {
  const owner = ownerOfMark(markOfFolder(parent, name));
  if (owner === undefined || !isDead(owner)) return false;
  rmSync(join(parent, name), { recursive: true, force: true, maxRetries: 2 });
  return true;
}
