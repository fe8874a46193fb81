/** What determines where clients keep their files: whose home folder, on which system, from which folder. */
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import type { PlatformFolders } from '../shared/platform/folders.js';
import { foldersOf } from '../shared/platform/folders-of.js';

export interface Surroundings {
  readonly home: string;
  /** The current folder, without symbolic links. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folders: PlatformFolders;
  /** The user whose files may be written; `undefined` if the system has no such numbers. */
  readonly userId: number | undefined;
}

/** The surroundings of this process. */
export function surroundingsOf(
  environment: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Surroundings {
  const home = homedir();
  return {
    home,
    cwd: realpathSync(cwd),
    environment,
    folders: foldersOf(process.platform, home, environment),
    userId: process.geteuid?.(),
  };
}
