// npm runs this after `npm ci` and `npm install` in a clone, for those who install from git, and before it packs; never for those who
// install the published package. It builds `dist/`. Without the packages that it needs for that, it says what to do.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

function canBuild() {
  try {
    createRequire(import.meta.url).resolve('typescript/package.json');
    return true;
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return false;
  }
}

if (canBuild()) {
  const { status } = spawnSync('npm run build', { cwd: root, shell: true, stdio: 'inherit' });
  process.exitCode = status ?? 1;
} else if (!existsSync(join(root, 'dist', 'src', 'bin.cjs'))) {
  // The packages are installed by now. Success here would only move the failure to the first start.
  process.stderr.write(
    [
      'mcp-bulkhead is not built: dist/ is missing, and the packages that build it were left out (--omit=dev).',
      'Build it first, then remove them:',
      '  npm ci',
      '  npm prune --omit=dev',
      '',
    ].join('\n'),
  );
  process.exitCode = 1;
}
