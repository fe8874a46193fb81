/** A gateway that SIGKILL ends can clean up nothing. The next one does. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { newMark } from '../../src/shared/process-owner.js';
import { HAS_PROCESS_TABLE } from '../../src/shared/process-table.js';
import { isAlive } from '../fixtures/children/observed-processes.js';
import { afterThisTest } from '../support/cleanup.js';
import { type CliProcess, startCli } from '../support/cli-process.js';
import { ClientFiles } from '../support/client-files.js';
import { until } from '../support/deadline.js';
import { fixtureModule, joined } from '../support/modules.js';
import { program } from '../support/programs.js';
import { RawClient, textOf } from '../support/raw-client.js';

const TOOLS = fileURLToPath(joined(fixtureModule('tools')));
/**
 * Servers that ignore the end of their stdin and SIGTERM, the end alone, and nothing; and a module whose tools start
 * processes, in a thread and in a process.
 */
const SERVERS = {
  stubborn: program('odd-server.mjs', ['--deaf', '--ignore-sigterm']),
  deaf: program('odd-server.mjs', ['--deaf']),
  polite: program('odd-server.mjs'),
  tools: { module: TOOLS },
  isolated: { module: TOOLS, isolation: 'process' },
  module: { module: fileURLToPath(joined(fixtureModule('perilous'))), isolation: 'process' },
};

interface Served {
  readonly cli: CliProcess;
  readonly adminUrl: string;
  session(server: keyof typeof SERVERS): Promise<RawClient>;
}

describe('what a gateway leaves behind that is killed with SIGKILL', () => {
  let files: ClientFiles;
  before(function () {
    if (!HAS_PROCESS_TABLE) this.skip();
  });
  beforeEach(() => {
    files = new ClientFiles();
  });

  /** A gateway with these servers. Its sessions' temporary folders are in a folder of this test. */
  function serve(...names: readonly (keyof typeof SERVERS)[]): Promise<Served> {
    return serveIn('tmp', names);
  }

  async function serveIn(temporary: string, names: readonly (keyof typeof SERVERS)[]): Promise<Served> {
    mkdirSync(files.path(temporary), { recursive: true });
    const config = `${names.join('-')}.json`;
    const servers = Object.fromEntries(names.map((name) => [name, SERVERS[name]]));
    files.write(`project/${config}`, { port: 0, adminPort: 0, bundle: false, servers });
    const cli = startCli(['serve', '--config', config], {
      cwd: files.project,
      env: { TMPDIR: files.path(temporary) },
    });
    const [, adminUrl = ''] = await cli.printed('stdout', /^Admin server +(\S+)$/m);
    const [, url = ''] = await cli.printed('stdout', /MCP servers? +(http:\/\/[^/\s]+)/);
    return {
      cli,
      adminUrl,
      session: async (server) => {
        const client = new RawClient(new URL(names.length === 1 ? `${url}/mcp` : `${url}/${server}/mcp`));
        afterThisTest(() => client.destroy());
        await client.initialize();
        return client;
      },
    };
  }

  async function kill({ cli }: Served): Promise<void> {
    const exited = once(cli.child, 'exit');
    cli.child.kill('SIGKILL');
    await exited;
  }

  it('is ended by the next one, with its trees, and nothing is of one that lives', async () => {
    // Elsewhere: its own search may take so long, because of other gateways, that it finds the folder first.
    const neighbour = await serveIn('elsewhere', ['stubborn']);
    const other = await neighbour.session('stubborn');
    const untouched = [await other.call('pid'), await other.call('child', { detached: true })].map((answer) =>
      Number(textOf(answer)),
    );

    const first = await serve('stubborn', 'tools', 'isolated');
    const stubborn = await first.session('stubborn');
    const left = [
      await stubborn.call('pid'),
      await stubborn.call('child', { stubborn: true, detached: true }),
    ].map((answer) => Number(textOf(answer)));
    for (const module of ['tools', 'isolated'] as const) {
      const client = await first.session(module);
      const started = await client.call('spawn', { what: 'escape', lifetime: 'session' });
      left.push(...(JSON.parse(textOf(started)) as { pids: number[] }).pids);
    }
    expect(left).to.have.length(6);
    await kill(first);

    const second = await serve('polite');
    await until(
      () => !left.some(isAlive),
      () => `the end of ${left.filter(isAlive).join(', ')}`,
    );
    // Any gateway on the machine may have been the first to find the processes, but only this one knows the folder.
    const [, processes, folders] = await second.cli.printed(
      'stderr',
      /"processes":(\d+),"folders":([1-9]\d*),"msg":"Ended what gateways that were killed had left behind\."/,
    );
    const metrics = await (await fetch(new URL('metrics', second.adminUrl))).text();
    expect(metrics)
      .to.include(`\nbulkhead_leftover_processes_ended_total ${processes}\n`)
      .and.include(`\nbulkhead_leftover_folders_removed_total ${folders}\n`);
    expect(untouched.filter(isAlive)).to.deep.equal(untouched);
    expect(textOf(await other.call('count'))).to.equal('1');
  });

  it('ends by itself where it is the process of a module, whose pipe closes', async () => {
    const first = await serve('module');
    const client = await first.session('module');
    const { pid } = JSON.parse(textOf(await client.call('process'))) as { readonly pid: number };
    await kill(first);
    await until(() => !isAlive(pid), 'the end of the process');
  });

  it('ends by itself where it heeds SIGTERM and the system sends it', async function () {
    if (spawnSync('setpriv', ['--pdeathsig', 'TERM', '--', 'setpriv', '--version']).status !== 0) this.skip();
    const first = await serve('deaf');
    const client = await first.session('deaf');
    const pid = Number(textOf(await client.call('pid')));
    await kill(first);
    await until(() => !isAlive(pid), 'the end of the program');
  });

  it('is removed where it is a folder for temporary files, and of that gateway alone', async () => {
    const neighbour = await serve('polite');
    const kept = textOf(await (await neighbour.session('polite')).call('temporary'));
    const first = await serve('polite');
    const left = dirname(textOf(await (await first.session('polite')).call('temporary')));
    expect(dirname(left)).to.equal(files.path('tmp'));
    await kill(first);

    // Names are nobody's property.
    const dead = readlinkSync(join(left, '.bulkhead-owner'));
    const owned = (name: string, owner = dead): void => {
      mkdirSync(files.path(name));
      writeFileSync(files.path(`${name}/precious`), '');
      symlinkSync(owner, files.path(`${name}/.bulkhead-owner`));
    };
    owned('target');
    symlinkSync(files.path('target'), files.path('tmp/bhlinked'));
    writeFileSync(files.path('tmp/bhafile0'), '');
    owned('tmp/bhliving', newMark());
    owned('tmp/bhmarked', `${dead}-`);
    owned('tmp/bh-named');
    mkdirSync(files.path('tmp/bhnobody'));
    await serve('polite');
    await until(() => !existsSync(left), 'the folder to be removed');
    expect(existsSync(kept)).to.equal(true);
    for (const name of ['target', 'tmp/bhliving', 'tmp/bhmarked', 'tmp/bh-named'])
      expect(readdirSync(files.path(name)), name).to.include('precious');
    expect(readdirSync(files.path('tmp'))).to.include.members(['bhlinked', 'bhafile0', 'bhnobody']);
  });
});
