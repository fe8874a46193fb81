/**
 * `npm run reliability`: runs the nemesis suite and writes its figures into docs/reliability.md, in the section of the
 * Node that runs it. The exit code is the suite's.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { rewriteDocument } from '../markdown.js';
import { withResults } from './report.js';
import type { Results } from './results.js';

const DOCUMENT = 'docs/reliability.md';
const OTHERS = ['alone', 'fuzz'].flatMap((folder) => ['--ignore', `dist/test/slow/${folder}/**`]);
const USAGE = `Usage: node dist/bench/reliability/run.js [--calls n] [--results file] [--markdown file]
--results takes the results of an earlier run and runs nothing.`;

/** @returns the suite's exit code. */
function runSuite(resultsFile: string, calls: string | undefined): number {
  const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
  const { status } = spawnSync(process.execPath, [mocha, '--config', '.mocharc.alone.json', ...OTHERS], {
    stdio: 'inherit',
    env: {
      ...process.env,
      NEMESIS_RESULTS: resultsFile,
      ...(calls !== undefined && { NEMESIS_CALLS: calls }),
    },
  });
  return status ?? 1;
}

function write(markdown: string, resultsFile: string): void {
  const results = JSON.parse(readFileSync(resultsFile, 'utf8')) as Results;
  rewriteDocument(markdown, (document) => withResults(document, results));
}

function main(): number {
  const { values } = parseArgs({
    options: {
      calls: { type: 'string' },
      results: { type: 'string' },
      markdown: { type: 'string', default: DOCUMENT },
    },
  });
  if (values.results !== undefined) {
    write(values.markdown, values.results);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-reliability-'));
  try {
    const resultsFile = join(folder, 'results.json');
    const status = runSuite(resultsFile, values.calls);
    if (existsSync(resultsFile)) write(values.markdown, resultsFile);
    return status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
  process.exitCode = 2;
}
