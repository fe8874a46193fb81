import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { type CliProcess, startCli } from '../support/cli-process.js';
import { startGateway } from '../support/gateway.js';
import { fixtureModule, joined } from '../support/modules.js';
import { RawClient, textOf } from '../support/raw-client.js';
import { samplesOf } from '../unit/metrics/fake-gateway.js';

/** More than libuv's default number of threads. */
const MANY = 10;

describe("libuv's pool of threads", () => {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  it('is so large that a session which opens many FIFOs holds no other up', async () => {
    const { open } = await serve();
    const fifo = await openedFifo();
    expect(textOf(await (await open()).call('open', { path: fifo.path, times: MANY }))).to.equal('opened');
    expect(textOf(await (await open()).call('read', { path: fifo.file }))).to.equal('read me');
    fifo.release();
  });

  it('has the nice value of session threads, so that jobs of tools do not starve the main thread', async () => {
    const { cli, open } = await serve({ options: ['--thread-nice', '7'] });
    await open();
    const folder = `/proc/${cli.child.pid}/task`;
    const nice = readdirSync(folder).filter((task) => getPriority(Number(task)) === getPriority() + 7);
    expect(nice.length).to.be.above(MANY);
  });

  it('is of a size that neither session threads nor child processes inherit', async () => {
    const { open } = await serve();
    const { thread, child } = JSON.parse(textOf(await (await open()).call('environment')));
    expect(thread).to.equal('none');
    expect(child).to.include('PATH=').and.not.include('UV_THREADPOOL_SIZE');
  });

  it('is of the size that the user gave it; held by a tool, it is a line in the log and a metric until it is free', async () => {
    const { cli, adminUrl, open } = await serve({ env: { UV_THREADPOOL_SIZE: '2' } });
    const fifo = await openedFifo();
    const client = await open();
    expect(JSON.parse(textOf(await client.call('environment'))).thread).to.equal('2');
    await client.call('open', { path: fifo.path, times: 2 });
    await cli.printed('stderr', /"level":40[^\n]*libuv's thread pool is blocked/);
    const samples = samplesOf(await (await fetch(new URL('/metrics', adminUrl))).text());
    expect(samples.get('bulkhead_libuv_pool_wait_age_seconds')).to.be.above(0.9);

    fifo.release();
    const [line] = await cli.printed('stderr', /.*libuv's thread pool is free again.*/);
    expect(JSON.parse(line)).to.deep.include({ level: 30 });
    expect(JSON.parse(line).heldMs).to.be.above(900);
    const after = samplesOf(await (await fetch(new URL('/metrics', adminUrl))).text());
    expect(after.get('bulkhead_libuv_pool_wait_seconds_count')).to.be.above(0);
    cli.child.kill('SIGTERM');
    const { stderr } = await cli.exited();
    expect(stderr.match(/thread pool is blocked/g)).to.have.length(1);
  });

  it('is watched where a gateway is embedded, until that closes', async () => {
    const gateway = await startGateway();
    const probed = (): Promise<unknown> =>
      new Promise((resolve) => gateway.events.once('libuv-pool-probed', resolve));
    expect(await probed())
      .to.have.property('waitMs')
      .that.is.above(0);
    expect(gateway.snapshot().libuvPoolWaitAgeMs).to.equal(0);
  });
});

interface Served {
  readonly cli: CliProcess;
  readonly adminUrl: string;
  /** Opens a separate session. */
  readonly open: () => Promise<RawClient>;
}

async function serve({
  options = [],
  env = {},
}: {
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
} = {}): Promise<Served> {
  const module = fileURLToPath(joined(fixtureModule('libuv-pool')));
  const flags = [
    '--port',
    '0',
    '--admin-port',
    '0',
    '--log-format',
    'json',
    '--drain-timeout',
    '1s',
    '--no-bundle',
    ...options,
  ];
  const cli = startCli(['serve', module, ...flags], { env });
  const [, url = ''] = await cli.printed('stdout', /MCP server\s+(\S+)/);
  const [, adminUrl = ''] = await cli.printed('stdout', /Admin server\s+(\S+)/);
  return {
    cli,
    adminUrl,
    open: async () => {
      const client = new RawClient(url);
      afterThisTest(() => client.destroy());
      await client.initialize();
      return client;
    },
  };
}

/** A FIFO that nobody writes to until `release`, and a file beside it. */
async function openedFifo(): Promise<{ path: string; file: string; release: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-fifo-'));
  afterThisTest(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'fifo');
  const file = join(folder, 'file');
  execFileSync('mkfifo', [path]);
  await writeFile(file, 'read me');
  return {
    path,
    file,
    release: () => {
      const writer = openSync(path, constants.O_RDWR);
      afterThisTest(() => closeSync(writer));
    },
  };
}
