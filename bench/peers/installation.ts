/** Puts the pinned packages beside the project, and says what is there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../../src/version.js';
import { adopt } from '../servers/child.js';
import { type Peer, PREFIX } from './peers.js';

/** The sources: `package.json`, its lock file and the servers, none of which is compiled. */
const SOURCES = fileURLToPath(new URL('../../../bench/peers/servers/', import.meta.url));
const LOCK = 'package-lock.json';
/** npm's own note of what it installed. */
const INSTALLED = 'node_modules/.package-lock.json';

function text(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/**
 * Copies the servers to the prefix, and runs `npm ci` there when the lock file is another than the last time.
 * Scripts of packages don't run.
 * @throws when npm fails.
 */
export async function install(progress: (message: string) => void): Promise<void> {
  const lock = join(PREFIX, LOCK);
  const isCurrent = existsSync(join(PREFIX, INSTALLED)) && text(lock) === text(join(SOURCES, LOCK));
  mkdirSync(PREFIX, { recursive: true });
  cpSync(SOURCES, PREFIX, { recursive: true });
  if (isCurrent) return;
  progress('installing the pinned versions');
  const npm = adopt(
    spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: PREFIX,
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  const [code] = (await once(npm, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`npm ci in ${PREFIX} ended with exit code ${code}.`);
}

/** Of what is installed, not of what was asked for. */
export function versionOf({ package: name }: Peer): string {
  if (name === undefined) return VERSION;
  const manifest = JSON.parse(readFileSync(join(PREFIX, 'node_modules', name, 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
