/** `mcp-bulkhead/testing` under vitest, with the server and the test of its page. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { blocksOf } from '../support/pages.js';
import { projectRoot } from '../support/project.js';

const run = promisify(execFile);
/** The registry may be slow. */
const INSTALL_DEADLINE_MS = 300_000;
const RUN_DEADLINE_MS = 120_000;

describe('a host for tests, under vitest', function () {
  this.timeout(INSTALL_DEADLINE_MS + RUN_DEADLINE_MS);
  let folder = '';

  before('install vitest', async () => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-vitest-'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    await run('npm', ['install', '--no-audit', '--no-fund', 'vitest@^3'], {
      cwd: folder,
      timeout: INSTALL_DEADLINE_MS,
    });
    symlinkSync(projectRoot, join(folder, 'node_modules', 'mcp-bulkhead'));
    symlinkSync(join(projectRoot, 'node_modules', 'zod'), join(folder, 'node_modules', 'zod'));
    const wanted = ['greeter.ts', 'vitest.test.ts'];
    for (const { file, code } of blocksOf('docs/testing.md'))
      if (file !== undefined && wanted.includes(file)) writeFileSync(join(folder, file), code);
  });

  after('remove it', () => rmSync(folder, { recursive: true, force: true }));

  it('runs, and ends by itself', async () => {
    const vitest = join(folder, 'node_modules', 'vitest', 'vitest.mjs');
    const { stdout } = await run(process.execPath, [vitest, 'run', '--no-color', '--reporter=json'], {
      cwd: folder,
      timeout: RUN_DEADLINE_MS,
    });
    const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<string, unknown>;
    expect(report).to.include({ success: true, numPassedTests: 1, numTotalTests: 1 });
  });
});
