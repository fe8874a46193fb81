/** Where applications keep their files on Windows. */
import { win32 } from 'node:path';
import type { PlatformFolders } from './platform-folders.js';

export function windowsFolders(
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
): PlatformFolders {
  return {
    configuration: environment.APPDATA || win32.join(home, 'AppData', 'Roaming'),
    // Versions before 2.1 looked in the second one.
    claudeManaged: [
      win32.join(environment.ProgramFiles ?? 'C:\\Program Files', 'ClaudeCode'),
      win32.join(environment.ProgramData ?? 'C:\\ProgramData', 'ClaudeCode'),
    ],
  };
}
