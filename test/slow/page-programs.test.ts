/** Programs and tests in the documentation run. Servers are in `page-code.test.ts`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { build, stop } from 'esbuild';
import { afterThisTest } from '../support/cleanup.js';
import { until, withDeadline } from '../support/deadline.js';
import { type CodeFile, check, isServer, writeCode } from '../support/page-code.js';
import { projectRoot } from '../support/project.js';

/** For a program that starts a gateway. */
const DEADLINE_MS = 60_000;

const preload = pathToFileURL(join(projectRoot, 'test/fixtures/page-code/free-ports.mjs')).href;
const { files, remove } = writeCode();
const programs = files.filter((file) => !isServer(file));

describe('programs on the pages', function () {
  this.timeout(2 * DEADLINE_MS);
  after('remove their files, and end the process of esbuild', async () => {
    remove();
    await stop();
  });

  it('exist', () => expect(programs).not.to.deep.equal([]));

  for (const file of programs) it(`${file.place} runs`, () => runProgram(file));
});

/** Runs until it ends by itself. One that prints its address is called as the page shows, and asked to stop. */
async function runProgram({ path, folder, calls, code }: CodeFile): Promise<void> {
  const file = await runnable(path);
  const byMocha = /^(?:describe|it)\(/m.test(code) && !code.includes("from 'node:test'");
  const runner = byMocha
    ? [join(projectRoot, 'node_modules/mocha/bin/mocha.js'), '--no-config', file]
    : [file];
  const program = spawn(process.execPath, ['--import', preload, ...runner], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const closed = once(program, 'close');
  afterThisTest(async () => {
    program.kill('SIGKILL');
    await closed;
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    program[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  const ports = new Map<number, number>();
  program.on('message', ({ asked, port }: { asked: number; port: number }) => ports.set(asked, port));
  const serves = () => program.exitCode !== null || /https?:\/\/\S+/.test(output.stdout);
  await until(serves, () => `an end or an address: ${JSON.stringify(output)}`, DEADLINE_MS);
  for (const call of calls) {
    const address = (url: URL) => {
      url.port = String(ports.get(Number(url.port)) ?? [...ports.values()][0]);
      return url.href;
    };
    await check(call, address, folder);
  }
  program.kill('SIGTERM');
  const [exitCode, signal] = await withDeadline(
    closed,
    () => `the end: ${JSON.stringify(output)}`,
    DEADLINE_MS,
  );
  expect(exitCode ?? signal, JSON.stringify(output)).to.be.oneOf([0, 'SIGTERM']);
}

/** Node 20 does not run TypeScript. */
async function runnable(path: string): Promise<string> {
  if (!/\.m?ts$/.test(path)) return path;
  const outfile = path.replace(/\.m?ts$/, '.built.mjs');
  await build({
    entryPoints: [path],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  });
  return outfile;
}
