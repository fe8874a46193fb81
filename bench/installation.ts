/** Puts pinned packages into a folder beside the project, apart from its own dependencies, and says what is there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adopt } from './servers/child.js';

const LOCK = 'package-lock.json';
/** npm's own note of what it installed. */
const INSTALLED = 'node_modules/.package-lock.json';

function text(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/**
 * Copies the sources (`package.json`, its lock file, and what else is there) to the prefix, and runs `npm ci` there when
 * the lock file has changed since the last time. Scripts of packages are not run.
 * @throws when npm fails.
 */
export async function installInto(
  prefix: string,
  sources: string,
  progress: (message: string) => void,
): Promise<void> {
  const isCurrent =
    existsSync(join(prefix, INSTALLED)) && text(join(prefix, LOCK)) === text(join(sources, LOCK));
  mkdirSync(prefix, { recursive: true });
  cpSync(sources, prefix, { recursive: true });
  if (isCurrent) return;
  progress(`installing the pinned versions into ${prefix}`);
  const npm = adopt(
    spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: prefix,
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  const [code] = (await once(npm, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`npm ci in ${prefix} ended with exit code ${code}.`);
}

/** Of what is installed, not of what was asked for. */
export function versionIn(prefix: string, name: string): string {
  const manifest = JSON.parse(readFileSync(join(prefix, 'node_modules', name, 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
