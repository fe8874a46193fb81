/** Where applications keep what they can do without, on each system. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The gateway's own folder there; it may not exist yet. `XDG_CACHE_HOME` counts on every system. */
export function cacheFolder(
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  return join(cachesOf(environment, platform, home), 'mcp-bulkhead');
}

function cachesOf({ XDG_CACHE_HOME, LOCALAPPDATA }: Environment, platform: string, home: string): string {
  // A relative path must be ignored (XDG Base Directory Specification, section 2).
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME;
  if (platform === 'darwin') return join(home, 'Library', 'Caches');
  if (platform === 'win32') return LOCALAPPDATA || join(home, 'AppData', 'Local');
  return join(home, '.cache');
}
