/** What is particular to Windows: where applications keep their files, and which variables programs need. */
import { win32 } from 'node:path';
import type { PlatformFolders } from './folders.js';

export function windowsFolders(
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
): PlatformFolders {
  return {
    configuration: environment.APPDATA || win32.join(home, 'AppData', 'Roaming'),
    caches: environment.LOCALAPPDATA || win32.join(home, 'AppData', 'Local'),
    // Versions before 2.1 looked in the second one.
    claudeManaged: [
      win32.join(environment.ProgramFiles ?? 'C:\\Program Files', 'ClaudeCode'),
      win32.join(environment.ProgramData ?? 'C:\\ProgramData', 'ClaudeCode'),
    ],
  };
}

/**
 * Without these variables, programs find neither their libraries nor their folders. The MCP SDK's client passes most of
 * them on as well.
 */
export const WINDOWS_VARIABLES: readonly string[] = [
  ...['APPDATA', 'COMSPEC', 'HOMEDRIVE', 'HOMEPATH', 'LOCALAPPDATA', 'NUMBER_OF_PROCESSORS', 'OS', 'PATHEXT'],
  ...[
    'PROCESSOR_ARCHITECTURE',
    'PROGRAMDATA',
    'PROGRAMFILES',
    'PROGRAMFILES(X86)',
    'SYSTEMDRIVE',
    'SYSTEMROOT',
  ],
  ...['TEMP', 'TMP', 'USERDOMAIN', 'USERNAME', 'USERPROFILE', 'WINDIR'],
];
