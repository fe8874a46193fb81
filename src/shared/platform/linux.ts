/** What is particular to Linux: where applications keep their files (XDG Base Directory Specification). */
import { posix } from 'node:path';
import type { PlatformFolders } from './folders.js';

export function linuxFolders(
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
): PlatformFolders {
  return {
    configuration: absolute(environment.XDG_CONFIG_HOME) ?? posix.join(home, '.config'),
    caches: absolute(environment.XDG_CACHE_HOME) ?? posix.join(home, '.cache'),
    claudeManaged: ['/etc/claude-code'],
  };
}

/** A relative path must be ignored (section 3 of the specification). */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined;
}
