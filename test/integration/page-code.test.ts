/** Every piece of code in the documentation: it is type-checked, and served or run, and answers as the page shows. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { build, stop } from 'esbuild';
import { afterThisTest } from '../support/cleanup.js';
import { runCliHere } from '../support/cli-in-process.js';
import { runCli } from '../support/cli-process.js';
import { until, withDeadline } from '../support/deadline.js';
import { sharedGateway } from '../support/gateway.js';
import { type CodeFile, type ShownCall, writeCode } from '../support/page-code.js';
import { projectRoot } from '../support/project.js';
import { RawClient } from '../support/raw-client.js';

/** For a compiler, or a program with a gateway, on a machine that also runs other tests. */
const DEADLINE_MS = 30_000;
/** Code that needs what is not here: by page and line of code, each with its reason. */
const NOT_RUN: readonly { readonly code: RegExp; readonly why: string }[] = [
  { code: /from 'vitest'/, why: 'vitest is not installed here; its types are not either' },
];
const COMMON = {
  target: 'ES2023',
  module: 'NodeNext',
  types: ['node', 'mocha'],
  skipLibCheck: true,
  noEmit: true,
};
/** TypeScript has to be right under the strictest settings; of JavaScript only what a name or a type is known to be. */
const LANGUAGES = {
  TypeScript: {
    files: /\.m?ts$/,
    options: {
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      allowImportingTsExtensions: true,
    },
  },
  JavaScript: { files: /\.m?js$/, options: { strict: false, allowJs: true, checkJs: true } },
} as const;

const preload = pathToFileURL(join(projectRoot, 'test/fixtures/page-code/free-ports.mjs')).href;
const { root, files, remove } = writeCode();
const here = files.filter(({ code }) => !NOT_RUN.some((not) => not.code.test(code)));
const isServer = ({ code, path }: CodeFile) => /^export default\b/m.test(code) && !path.includes('.config.');
const servers = here.filter(isServer);
const programs = here.filter((file) => !isServer(file));

/** What was shown, with `…` for lines that are left out. */
function shown(output: string): RegExp {
  const parts = output.split(/^…\n/m).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('(?:.*\n)*')}$`);
}

async function check(
  { args, output }: ShownCall,
  address: (shownUrl: URL) => string,
  cwd: string,
): Promise<void> {
  const isUrl = (arg: string) => /^https?:/.test(arg);
  const given = args.map((arg) => (isUrl(arg) ? address(new URL(arg)) : arg));
  const exit = await (args.some(isUrl) ? runCliHere(given) : runCli(given, { cwd }));
  expect(exit.stdout, `bulkhead ${args.join(' ')}: ${exit.stderr}`).to.match(shown(output));
  expect(exit.code).to.equal(0);
}

describe('the code on the pages', () => {
  after('remove its files, and end the process of esbuild', async () => {
    remove();
    await stop();
  });

  for (const [language, { files: pattern, options }] of Object.entries(LANGUAGES)) {
    const checked = here.map(({ path }) => path).filter((path) => pattern.test(path));
    if (checked.length === 0) continue;
    it(`is right in its types: ${language}`, async function () {
      this.timeout(2 * DEADLINE_MS);
      const project = join(root, `tsconfig.${language}.json`);
      writeFileSync(project, JSON.stringify({ compilerOptions: { ...COMMON, ...options }, files: checked }));
      const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc');
      const compiled = promisify(execFile)(process.execPath, [compiler, '-p', project], {
        timeout: DEADLINE_MS,
        cwd: root,
      });
      const { stdout } = await compiled.catch((failure: { stdout: string }) => failure);
      expect(stdout).to.equal('');
    });
  }

  describe('that defines servers', () => {
    const gateway = sharedGateway({
      servers: Object.fromEntries(servers.map(({ name, path }) => [name, { module: path }])),
      serverModule: undefined,
      strict: true,
      bundle: true,
    });

    for (const { place, name, folder, calls } of servers) {
      it(`${place} serves${calls.length > 0 ? ' and answers what the page shows' : ''}`, async () => {
        const url = new URL(`/${name}/mcp`, gateway().url);
        await listTools(url);
        for (const call of calls) await check(call, () => url.href, folder);
      });
    }
  });

  for (const file of programs) {
    it(`${file.place} runs`, async function () {
      this.timeout(2 * DEADLINE_MS);
      await runProgram(file);
    });
  }
});

async function listTools(url: URL): Promise<void> {
  const client = new RawClient(url);
  afterThisTest(() => client.destroy());
  await client.initialize();
  const { result } = await client.ask('tools/list');
  expect(result?.tools).to.be.an('array');
}

/** Runs until it ends by itself. One that prints its address is called as the page shows, and asked to stop. */
async function runProgram({ path, folder, calls, code }: CodeFile): Promise<void> {
  const file = await runnable(path);
  const byMocha = /\.test\.\w+$/.test(path) && !code.includes("from 'node:test'");
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
