/** What determines where clients keep their files: whose home folder, on which system, from which folder. */
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { linuxFolders } from './paths-linux.js';
import { macosFolders } from './paths-macos.js';
import { windowsFolders } from './paths-windows.js';
import type { PlatformFolders } from './platform-folders.js';

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

function foldersOf(
  platform: NodeJS.Platform,
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
): PlatformFolders {
  if (platform === 'darwin') return macosFolders(home);
  if (platform === 'win32') return windowsFolders(home, environment);
  return linuxFolders(home, environment);
}
