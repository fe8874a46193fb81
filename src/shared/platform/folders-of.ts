/** The folders of the system on which this runs. */
import type { PlatformFolders } from './folders.js';
import { linuxFolders } from './linux.js';
import { macosFolders } from './macos.js';
import { windowsFolders } from './windows.js';

export function foldersOf(
  platform: NodeJS.Platform,
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
): PlatformFolders {
  if (platform === 'darwin') return macosFolders(home);
  if (platform === 'win32') return windowsFolders(home, environment);
  return linuxFolders(home, environment);
}
