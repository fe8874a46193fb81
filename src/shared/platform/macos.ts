/** What is particular to macOS: where applications keep their files. */
import { posix } from 'node:path';
import type { PlatformFolders } from './folders.js';

export function macosFolders(home: string): PlatformFolders {
  return {
    configuration: posix.join(home, 'Library', 'Application Support'),
    caches: posix.join(home, 'Library', 'Caches'),
    claudeManaged: ['/Library/Application Support/ClaudeCode'],
  };
}
