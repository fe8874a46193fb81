/** Where applications keep their files on Linux (XDG Base Directory Specification), and paths derived from that. */
import { join } from 'node:path';
import type { PlatformFolders } from './platform-folders.js';

export function linuxFolders(
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
): PlatformFolders {
  const configured = environment.XDG_CONFIG_HOME;
  return {
    // A relative path must be ignored (section 3 of the specification).
    configuration: configured?.startsWith('/') ? configured : join(home, '.config'),
    claudeManaged: ['/etc/claude-code'],
  };
}
