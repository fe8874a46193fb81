// Lint, types of everything and the unit tests: what a person runs before each commit. On two cores it takes under 20 s, since
// what needs no build runs beside it. Each step's output comes in one piece when it ends; the exit code is 1 if any has failed.
// Usage: node scripts/check.mjs
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const require = createRequire(import.meta.url);

/** The script behind a package's command: npx would cost each step a third of a second. */
function scriptOf(name) {
  const folder = join(root, 'node_modules', name);
  const { bin } = require(join(folder, 'package.json'));
  return join(folder, typeof bin === 'string' ? bin : bin[name.split('/').at(-1)]);
}

/** @returns whether it succeeded */
async function step(name, command, ...args) {
  const startedMs = performance.now();
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk));
  const code = await new Promise((resolve) => child.once('close', resolve));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(`== ${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`);
  process.stdout.write(Buffer.concat(chunks));
  return code === 0;
}

/** Runs the command of a package. */
const tool = (name, packageName, ...args) => step(name, process.execPath, scriptOf(packageName), ...args);

/** What reads sources alone. */
async function sources() {
  const formatted = await tool('biome', '@biomejs/biome', 'check', '.');
  return (await tool('knip', 'knip')) && formatted;
}

/** What reads `dist/`, which the build makes anew. */
async function built() {
  if (!(await step('build', 'npm', 'run', '--silent', 'build'))) return false;
  const tested = await tool('unit tests', 'mocha', '--config', '.mocharc.unit.json', '--reporter', 'dot');
  return (await tool('publint', 'publint', '--strict')) && tested;
}

const passed = await Promise.all([sources(), built()]);
process.exitCode = passed.every(Boolean) ? 0 : 1;
