/** Where the gateway keeps what it can do without. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { foldersOf } from '../shared/platform/folders-of.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The gateway's own folder there; it may not exist yet. `XDG_CACHE_HOME` counts on every system. */
export function cacheFolder(
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const { XDG_CACHE_HOME: given } = environment;
  // A relative path must be ignored (XDG Base Directory Specification, section 2).
  const caches =
    given !== undefined && isAbsolute(given) ? given : foldersOf(platform, home, environment).caches;
  return join(caches, 'mcp-bulkhead');
}
