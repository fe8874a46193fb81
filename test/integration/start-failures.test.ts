import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { startFault, topLevelAwaits } from '../../src/servers/start-fault.js';
import { afterThisTest } from '../support/cleanup.js';
import { runCli, startCli } from '../support/cli-process.js';
import { until } from '../support/deadline.js';
import { startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';

/** Writes the files, and returns their folder. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bulkhead-start-')));
  afterThisTest(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const IMPORTS =
  "import { help } from './lib/help.mjs';\nexport default { name: 'x', version: '1', setup() { help(); } };\n";

/** What Node says of a file that is no module: neither its name nor the line. */
const NAMELESS =
  "SyntaxError: Unexpected token ';'\n    at compileSourceTextModule (node:internal/modules/esm/utils:346:16)";

/** What `createGateway` throws for the module. */
async function failureOf(serverModule: string, bundle = true): Promise<{ message: string; detail?: string }> {
  try {
    await startGateway({ serverModule, bundle });
  } catch (error) {
    return error as Error;
  }
  throw new Error(`${serverModule} can be served.`);
}

describe('a server module that cannot start', () => {
  const fixture = (name: string) => fileURLToPath(fixtureModule(name));
  const cases: [what: string, module: () => string, sentence: RegExp][] = [
    [
      'is not JavaScript',
      () => join(folderOf({ 'server.mjs': 'export default {' }), 'server.mjs'),
      /server\.mjs/,
    ],
    ['exports nothing by default', () => fixture('broken-no-default'), /broken-no-default\.mjs/],
    ['has no setup', () => fixture('broken-no-setup'), /setup/],
    ['throws in setup', () => fixture('broken-setup'), /the key is missing/],
  ];
  for (const [what, module, sentence] of cases)
    it(`is reported in one sentence: it ${what}`, async () => {
      const { message } = await failureOf(module());
      expect(message).to.match(sentence).and.not.include('\n');
    });

  it('is reported with the line of the imported file that is at fault', async () => {
    const folder = folderOf({
      'm.mjs': IMPORTS,
      'lib/help.mjs': 'export function help() {\n  const x = {;\n}\n',
    });
    const { code, stderr } = await runCli([
      'serve',
      join(folder, 'm.mjs'),
      '--port',
      '0',
      '--admin-port',
      '0',
    ]);
    expect(code).to.equal(1);
    expect(stderr).to.equal(
      [
        `bulkhead: ${folder}/m.mjs: the server module cannot be used: Unexpected token ';'`,
        '',
        `  ${folder}/lib/help.mjs:2:14`,
        '',
        '    1 | export function help() {',
        '  > 2 |   const x = {;',
        '      |              ^',
        '    3 | }',
        '',
        '',
      ].join('\n'),
    );
  });

  for (const bundle of [true, false]) {
    it(`is reported with what its setup threw, and from where (${bundle ? 'bundled' : 'file by file'})`, async () => {
      const folder = folderOf({
        'm.mjs': IMPORTS,
        'lib/help.mjs': '\nexport function help() {\n  throw new Error("no help");\n}\n',
      });
      const failure = await failureOf(join(folder, 'm.mjs'), bundle);
      expect(failure.message).to.equal(`${folder}/m.mjs: the server module's setup failed: no help`);
      expect(failure.detail).to.include(`${folder}/lib/help.mjs:3:9\n`);
      expect(failure.detail).to.include('> 3 |   throw new Error("no help");\n    |         ^\n');
      const frames = failure.detail?.split('\n').filter((line) => line.startsWith('    at '));
      expect(frames).to.have.length(2);
      expect(frames?.[0]).to.match(/at help \(\S*lib\/help\.mjs:3:9\)$/);
      expect(frames?.[1]).to.match(/setup \(\S*m\.mjs:2:53\)$/);
    });
  }
});

describe('a server module whose import never ends', () => {
  async function served(waits: string, timeout: string, ...flags: string[]) {
    const folder = folderOf({
      'm.mjs': "import './never.mjs';\nexport default { name: 'x', version: '1', setup() {} };\n",
      'never.mjs': `await new Promise(${waits});\n`,
    });
    const ports = ['--port', '0', '--admin-port', '0'];
    const run = await runCli([
      'serve',
      join(folder, 'm.mjs'),
      ...ports,
      '--start-timeout',
      timeout,
      ...flags,
    ]);
    return { ...run, folder };
  }

  it('is given up after start-timeout, with the places where it may wait', async () => {
    const { code, stderr, folder } = await served('() => setInterval(() => {}, 1_000)', '2s');
    expect(code).to.equal(1);
    expect(stderr).to.equal(
      [
        `bulkhead: ${folder}/m.mjs: the thread was not ready within 2 s: an await at the top level of what it imports has not settled`,
        '',
        `  ${folder}/never.mjs:1:1`,
        '',
        '  > 1 | await new Promise(() => setInterval(() => {}, 1_000));',
        '      | ^',
        '',
        '',
      ].join('\n'),
    );
  });

  it('is given up in a process as well, which would end if it waited for nothing', async () => {
    const { code, stderr, folder } = await served('() => {}', '4s', '--isolation', 'process');
    expect(code).to.equal(1);
    expect(stderr).to.include(
      [
        `bulkhead: ${folder}/m.mjs: the process was not ready within 4 s: an await at the top level of what it imports has not settled`,
        '',
        `  ${folder}/never.mjs:1:1`,
        '',
      ].join('\n'),
    );
  });
});

describe('a server module whose lists never end', () => {
  it('is given up after start-timeout, however soon each page comes', async () => {
    const module = `export default {
      createServer: () => ({
        async connect(transport) {
          transport.onmessage = ({ id, method }) => {
            if (id === undefined) return;
            const introduction = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } };
            const result = method === 'initialize' ? introduction : { tools: [], nextCursor: 'more' };
            setTimeout(() => transport.send({ jsonrpc: '2.0', id, result }), 100);
          };
          await transport.start();
        },
        async close() {},
      }),
    };`;
    const folder = folderOf({ 'm.mjs': module });
    const serverModule = join(folder, 'm.mjs');
    const failure = await startGateway({ serverModule, startTimeout: '1s' }).catch((error: unknown) => error);
    expect(failure)
      .to.have.property('message')
      .that.equals(`${folder}/m.mjs: its lists were not complete within 1 s`);
  });
});

describe('a gateway that stops while a server module is tried out', () => {
  it('tries nothing out any more, and leaves no thread', async () => {
    const folder = folderOf({ 'm.mjs': "export default { name: 'x', version: '1', setup() {} };\n" });
    const imports = join(folder, 'imports');
    const serverModule = pathToFileURL(join(folder, 'm.mjs'));
    const gateway = await startGateway({ serverModule, bundle: true });
    const hanging = [
      "import { appendFileSync } from 'node:fs';",
      `appendFileSync(${JSON.stringify(imports)}, '.');`,
      'await new Promise(() => setInterval(() => {}, 1_000));',
      "export default { name: 'x', version: '2', setup() {} };",
    ];
    writeFileSync(join(folder, 'm.mjs'), hanging.join('\n'));
    const reload = gateway.reload().catch((error: unknown) => error);
    await until(() => existsSync(imports), 'the import to begin');
    await gateway.close();
    expect(await reload).to.have.property('code', 'ERR_BULKHEAD_DRAINING');
    expect(readFileSync(imports, 'utf8')).to.equal('.');
  });
});

describe('a server module that can start', () => {
  it('is reported at start for tools whose arguments no client is shown', async () => {
    const { pathname } = fixtureModule('union');
    const cli = startCli([
      'serve',
      pathname,
      '--port',
      '0',
      '--admin-port',
      '0',
      '--log-format',
      'json',
      '--log-level-labels',
    ]);
    afterThisTest(() => void cli.child.kill('SIGKILL'));
    await cli.printed('stderr', /gateway started/);
    cli.child.kill('SIGTERM');
    const { stderr } = await cli.exited();
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const told = lines.filter(({ msg }) => String(msg).startsWith('clients are shown no arguments'));
    expect(told.map(({ tool }) => tool)).to.deep.equal(['at_the_top', 'either']);
    expect(told[0]?.level).to.equal('warn');
    expect(lines.map(({ msg }) => msg).slice(-2)).to.deep.equal(['gateway stops', 'gateway stopped']);
  });
});

describe('the place at which a server module cannot start', () => {
  it('is found where Node does not say it', async () => {
    const folder = folderOf({
      'syntax.mjs': "import './lib/syntax.mjs';\n",
      'lib/syntax.mjs': 'const x = {;\n',
      'json.mjs': "import './lib/data.json' with { type: 'json' };\n",
      'lib/data.json': '{\n  "a": oops\n}\n',
      'typed.ts': "import './lib/typed.js';\n",
      'lib/typed.ts': 'export const n: number = ;\n',
    });
    const places = async (name: string, stack: string) => {
      const { file, line, column, message } = (await startFault(join(folder, name), stack)) ?? {};
      return [file?.slice(folder.length + 1), line, column, message];
    };
    expect(await places('syntax.mjs', NAMELESS)).to.deep.equal(['lib/syntax.mjs', 1, 12, undefined]);
    expect(await places('json.mjs', NAMELESS)).to.deep.equal(['lib/data.json', 2, 8, undefined]);
    const unknown = `TypeError [ERR_UNKNOWN_FILE_EXTENSION]: Unknown file extension ".ts" for ${folder}/typed.ts`;
    expect(await places('typed.ts', unknown)).to.deep.equal(['lib/typed.ts', 1, 26, 'Unexpected ";"']);
  });

  it('is the import that leads nowhere', async () => {
    const folder = folderOf({
      'm.mjs': "import 'node:fs';\nimport a from './a.mjs';\nimport b from 'pack/deep';\n",
    });
    const of = (missing: string) =>
      startFault(
        `${folder}/m.mjs`,
        `Error [ERR_MODULE_NOT_FOUND]: Cannot find ${missing} imported from ${folder}/m.mjs\n    at node:internal:1:1`,
      );
    const file = `${folder}/m.mjs`;
    expect(await of(`module '${folder}/a.mjs'`)).to.deep.equal({ file, line: 2, column: 15 });
    expect(await of("package 'pack'")).to.deep.equal({ file, line: 3, column: 15 });
  });

  it('is what Node has drawn a caret below', async () => {
    const stack =
      "file:///app/m.mjs:4\nimport { b } from './a.mjs';\n         ^\nSyntaxError: no export named 'b'\n    at node:internal:1:1";
    expect(await startFault('/app/m.mjs', stack)).to.deep.equal({ file: '/app/m.mjs', line: 4, column: 10 });
  });

  it('may be any await at the top level, if the import never ends', async () => {
    const folder = folderOf({
      'm.mjs': "import './lib/a.mjs';\nconst later = async () => { await 1; };\nawait later();\n",
      'lib/a.mjs': 'export const a = await new Promise(() => {});\n',
    });
    const found = await topLevelAwaits(`${folder}/m.mjs`);
    expect(found.map(({ file, line }) => `${file.slice(folder.length + 1)}:${line}`).sort()).to.deep.equal([
      'lib/a.mjs:1',
      'm.mjs:3',
    ]);
  });
});
