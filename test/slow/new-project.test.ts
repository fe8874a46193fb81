/**
 * The first minutes of a user: `npm create mcp-bulkhead` and `bulkhead init` from the packed packages, then what the
 * new project's README says, command by command.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { until, withDeadline } from '../support/deadline.js';
import { projectRoot } from '../support/project.js';

const run = promisify(execFile);

/** The registry may be slow, and a new machine has none of its answers cached. */
const INSTALL_DEADLINE_MS = 300_000;
const COMMAND_DEADLINE_MS = 60_000;

const INSTALL = ['install', '--no-audit', '--no-fund', '--prefer-offline'];

/** Variables of an outer `npm run` and of a configured gateway would change what is tested. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_registry)|BULKHEAD_|NODE_TEST_CONTEXT)/i.test(name),
  ),
);

describe('A new project', function () {
  this.timeout(INSTALL_DEADLINE_MS + COMMAND_DEADLINE_MS);
  let folder = '';
  let tarball = '';

  const npm = async (cwd: string, ...args: string[]): Promise<string> => {
    const { stdout } = await run('npm', args, { cwd, env: environment, timeout: INSTALL_DEADLINE_MS });
    return stdout;
  };

  const pack = async (source: string): Promise<string> => {
    // Without scripts: `prepare` would build, and so delete the files that run this test.
    const packed = await npm(source, 'pack', '--ignore-scripts', '--json', '--pack-destination', folder);
    const [{ filename }] = Object.values(JSON.parse(packed)) as [{ filename: string }];
    return join(folder, filename);
  };

  before('install the packed packages', async () => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-new-'));
    tarball = await pack(projectRoot);
    const creator = await pack(join(projectRoot, 'create-mcp-bulkhead'));
    writeFileSync(join(folder, 'package.json'), '{"private": true}');
    await npm(folder, ...INSTALL, tarball, creator);
  });

  after('remove them', () => rmSync(folder, { recursive: true, force: true }));

  /** `npm start`, until the test ends. */
  const start = async (project: string, args: readonly string[] = []) => {
    const flags = ['--port', '0', '--admin-port', '0'];
    const served = spawn('npm', ['start', '--', ...flags, ...args], {
      cwd: project,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [served.stdout, served.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    }
    const closed = once(served, 'close');
    afterThisTest(async () => {
      served.kill('SIGTERM');
      await withDeadline(closed, () => `the end of npm start: ${printed}`, COMMAND_DEADLINE_MS);
    });
    const url = await until(
      () => /http:\S+\/mcp/.exec(printed)?.[0],
      () => `the address of the gateway in ${JSON.stringify(printed)}`,
      COMMAND_DEADLINE_MS,
    );
    return { url, served, closed };
  };

  const testedAndServed = async (project: string): Promise<void> => {
    // The version that is being tested is in no registry.
    await npm(project, ...INSTALL, tarball);
    expect(await npm(project, 'test')).to.match(/^# pass [1-9]\d*\n# fail 0$|^ℹ pass [1-9]\d*\nℹ fail 0$/m);
    const { url, served, closed } = await start(project);
    const call = ['bulkhead', 'call', url, 'greet', '{"name": "Ada"}'];
    const { stdout } = await run('npx', call, { cwd: project, env: environment });
    expect(stdout).to.match(/^Hello, Ada!/);
    served.kill('SIGTERM');
    await withDeadline(closed, 'the end of npm start', COMMAND_DEADLINE_MS);
  };

  it('in TypeScript has a test that passes, right types, and a server that answers', async () => {
    const printed = await npm(folder, 'create', 'mcp-bulkhead', 'in-typescript', '--', '--ts', '--yes');
    expect(printed).to.match(/^Created in-typescript:$/m);
    const project = join(folder, 'in-typescript');
    await testedAndServed(project);
    await npm(project, 'run', 'check');

    // What its Dockerfile does, but for the image and the user.
    const copy = join(folder, 'in-container');
    cpSync(project, copy, { recursive: true, filter: (path) => !path.endsWith('node_modules') });
    await npm(copy, 'ci', '--omit=dev', '--no-audit', '--no-fund', '--prefer-offline');
    expect(existsSync(join(copy, 'node_modules', 'typescript'))).to.equal(false);
    const command = /^CMD (.*)$/m.exec(readFileSync(join(copy, 'Dockerfile'), 'utf8'))?.[1] ?? '';
    const [file, ...args] = JSON.parse(command) as [string, ...string[]];
    const env = { ...environment, BULKHEAD_HOST: '0.0.0.0' };
    const refused = await run(join(copy, file), args, { cwd: copy, env }).catch((error: unknown) => error);
    expect(refused).to.include({ code: 2 });
    expect(refused).to.have.property('stderr').that.includes('unless token');
  });

  it('in JavaScript has a test that passes, and a server that answers', async () => {
    const bulkhead = join(folder, 'node_modules', '.bin', 'bulkhead');
    await run(bulkhead, ['init', 'in-javascript', '--js'], { cwd: folder, env: environment });
    await testedAndServed(join(folder, 'in-javascript'));
  });
});
