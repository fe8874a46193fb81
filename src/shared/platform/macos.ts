/** Where applications keep their files on macOS. */
import { join } from 'node:path';
import type { PlatformFolders } from './platform-folders.js';

export function macosFolders(home: string): PlatformFolders {
  return {
    configuration: join(home, 'Library', 'Application Support'),
    claudeManaged: ['/Library/Application Support/ClaudeCode'],
  };
}
