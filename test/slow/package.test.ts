import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { until, withDeadline } from '../support/deadline.js';
import { projectRoot } from '../support/project.js';

const run = promisify(execFile);

/** The registry may be slow, and a new machine has none of its answers cached. */
const INSTALL_DEADLINE_MS = 300_000;
const START_DEADLINE_MS = 30_000;

/** Variables of an outer `npm run` and of a configured gateway would change what is tested. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_registry)|BULKHEAD_)/i.test(name)),
);

const MODULE = `
import { defineServer } from 'mcp-bulkhead';
export default defineServer({
  name: 'packed',
  version: '1.0.0',
  setup(server, session) {
    server.registerTool('who', { description: 'Who asks.' }, () => ({
      content: [{ type: 'text', text: session.context.client.name }],
    }));
  },
});
`;

/** Pages for those who change the project may link to its sources; their readers have the repository. */
const SOURCES = /^(?:src|workers|load|bench|test|scripts|deploy|\.github|\.ci)\//;

const PROGRAM = `
import { createGateway, defineServer, getMultiClientMetrics } from 'mcp-bulkhead';
const gateway = await createGateway({ port: 0, adminPort: 0, logLevel: 'silent' });
const ready = await (await fetch(new URL('/readyz', gateway.adminUrl))).json();
console.log(JSON.stringify([ready.status, getMultiClientMetrics(gateway).sessions.active, typeof defineServer]));
await gateway.close();
`;

const TYPED = `
import { createGateway, defineServer, type Gateway, type Session } from 'mcp-bulkhead';
export const start = (): Promise<Gateway> => createGateway({ port: 0 });
export default defineServer({ name: 'typed', version: '1', setup(_server, session: Session) { session.log.info('hi'); } });
`;

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

describe('the package', function () {
  this.timeout(INSTALL_DEADLINE_MS + 60_000);
  let folder = '';
  let tarball: Packed;

  before('pack it and install it into an empty folder', async () => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-package-'));
    // Without scripts: `prepare` would build, and so delete the files that run this test.
    const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
      cwd: projectRoot,
      env: environment,
    });
    [tarball] = Object.values(JSON.parse(packed.stdout) as Record<string, Packed>) as [Packed];
    writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
    await run('npm', ['install', '--no-audit', '--no-fund', join(folder, tarball.filename)], {
      cwd: folder,
      env: environment,
      timeout: INSTALL_DEADLINE_MS,
    });
    writeFileSync(join(folder, 'server.mjs'), MODULE);
    writeFileSync(join(folder, 'program.mjs'), PROGRAM);
    mkdirSync(join(folder, 'typed'));
    writeFileSync(join(folder, 'typed', 'module.ts'), TYPED);
  });

  after('take the folder away', () => rmSync(folder, { recursive: true, force: true }));

  it('has every file that its README and its other pages link to, except sources', () => {
    const paths = tarball.files.map(({ path }) => path);
    const isPacked = (target: string): boolean =>
      paths.includes(target) || paths.some((path) => path.startsWith(`${target}/`));
    const pages = paths.filter((path) => path.endsWith('.md') && !path.startsWith('templates/'));
    expect(pages).to.include.members(['README.md', 'docs/getting-started.md']);
    const missing = pages.flatMap((page) => {
      const prose = readFileSync(join(folder, 'node_modules', 'mcp-bulkhead', page), 'utf8').replace(
        /^```.*?^```$/gms,
        '',
      );
      return [...prose.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(([, target = '']) => posix.join(posix.dirname(page), decodeURI(target)))
        .filter((target) => !isPacked(target) && (page === 'README.md' || !SOURCES.test(target)))
        .map((target) => `${page}: ${target}`);
    });
    expect(missing).to.deep.equal([]);
  });

  it('has no source maps, which would name files that it does not have, and stays small', () => {
    expect(tarball.files.filter(({ path }) => path.endsWith('.map'))).to.deep.equal([]);
    const entry = readFileSync(join(folder, 'node_modules/mcp-bulkhead/dist/src/index.js'), 'utf8');
    expect(entry).not.to.include('sourceMappingURL');
    expect(tarball.unpackedSize).to.be.below(5_000_000);
  });

  /** Runs the installed command to its end. */
  const bulkhead = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(join(folder, 'node_modules', '.bin', 'bulkhead'), args, {
      cwd: folder,
      env: environment,
    });
    return stdout;
  };

  it('has README, LICENSE and CHANGELOG, and neither tests nor sources of the workers', () => {
    const installed = join(folder, 'node_modules', 'mcp-bulkhead');
    for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md', 'dist/workers/session-worker.cjs']) {
      expect(existsSync(join(installed, name)), name).to.equal(true);
    }
    for (const name of ['dist/test', 'test', 'workers', 'dist/bench']) {
      expect(existsSync(join(installed, name)), name).to.equal(false);
    }
  });

  /**
   * A gateway that another command started: what it reports about itself, and the end of everything that writes to the
   * pipes.
   */
  const startedBy = async (launcher: ReturnType<typeof spawn>) => {
    let printed = '';
    for (const stream of [launcher.stdout, launcher.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    }
    const closed = once(launcher, 'close');
    let pid = 0;
    afterThisTest(async () => {
      for (const started of [pid, launcher.pid ?? 0]) {
        try {
          if (started > 0) process.kill(started, 'SIGKILL');
        } catch {
          // It has ended, as it should.
        }
      }
      await closed;
    });
    const printing = (pattern: RegExp) =>
      until(
        () => pattern.exec(printed)?.[1],
        () => `${pattern} in ${JSON.stringify(printed)}`,
        START_DEADLINE_MS,
      );
    pid = Number(await printing(/"pid":(\d+)/));
    const url = await printing(/(http:\S+\/mcp)/);
    return { url, pid, closed, log: () => printed };
  };

  it('has a command that tells its version', async () => {
    const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    const { stdout } = await run('npx', ['bulkhead', '--version'], { cwd: folder, env: environment });
    expect(stdout).to.equal(`${version}\n`);
  });

  it('serves a module that imports it, and calls its tool', async () => {
    const served = spawn(
      join(folder, 'node_modules', '.bin', 'bulkhead'),
      ['serve', 'server.mjs', '--port', '0', '--admin-port', '0', '--log-level', 'error'],
      { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const closed = once(served, 'close');
    afterThisTest(async () => {
      served.kill('SIGKILL');
      await closed;
    });
    let printed = '';
    for (const stream of [served.stdout, served.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    }
    const url = await until(
      () => /http:\S+\/mcp/.exec(printed)?.[0],
      () => `the address of the gateway in ${JSON.stringify(printed)}`,
      START_DEADLINE_MS,
    );
    expect(await bulkhead('call', url, 'who')).to.equal('bulkhead-call\n');
    served.kill('SIGTERM');
    const [code] = await withDeadline(closed, 'the end of the command');
    expect(code).to.equal(0);
  });

  it('drains when npx, which started it, is told to end', async () => {
    const args = ['bulkhead', 'serve', '--port', '0', '--admin-port', '0', '--log-format', 'json'];
    const npx = spawn('npx', args, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const { url, pid, log, closed } = await startedBy(npx);
    npx.kill('SIGTERM');
    // The gateway has its ends of the pipes, which close when it is gone.
    await withDeadline(closed, () => `the end of the gateway ${pid}: ${log()}`);
    expect(log()).to.match(/"cause":"npx, which started the gateway, has ended"[^\n]*"gateway stops"/);
    expect(await fetch(url).catch((error: Error) => error)).to.be.an('error');
  });

  it('is imported by a program', async () => {
    const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: folder, env: environment });
    expect(JSON.parse(stdout)).to.deep.equal(['ready', 0, 'function']);
  });

  it('passes SIGTERM on where npm start has started it', async () => {
    const args = ['start', '--', '--port', '0', '--admin-port', '0', '--log-format', 'json'];
    const npm = spawn('npm', args, { cwd: projectRoot, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const { pid, log, closed } = await startedBy(npm);
    npm.kill('SIGTERM');
    await withDeadline(closed, () => `the end of the gateway ${pid}: ${log()}`);
    expect(log()).to.match(/"cause":"SIGTERM"[^\n]*"gateway stops"/);
  });

  it('has types that a strict project can use', async () => {
    const tsc = join(projectRoot, 'node_modules', '.bin', 'tsc');
    const types = join(projectRoot, 'node_modules', '@types');
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--skipLibCheck'];
    const compiled = await run(tsc, [...flags, '--typeRoots', types, '--types', 'node', 'typed/module.ts'], {
      cwd: folder,
      env: environment,
    });
    expect(compiled.stdout).to.equal('');
  });
});
