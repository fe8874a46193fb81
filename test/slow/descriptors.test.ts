import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { until } from '../support/deadline.js';
import { fixtureModule, joined } from '../support/modules.js';
import { RawClient, textOf } from '../support/raw-client.js';

const LIMIT = 512;

describe('A session that leaks file descriptors', () => {
  before(function () {
    if (process.platform === 'win32') this.skip();
  });

  it('does not take /healthz from the others; it is told, /readyz fails, and all is well afterwards', async () => {
    const { client, admin, printed } = await serve();
    expect(textOf(await client.call('leak', { count: 10_000 }))).to.match(/^EMFILE /);
    await printed('stderr', /almost no file descriptor is free/);
    // A new connection each time, as for health checks.
    for (let probe = 0; probe < 5; probe += 1) expect((await ask(admin, '/healthz'))?.status).to.equal(200);
    expect((await ask(admin, '/readyz'))?.body).to.include('Hardly a file descriptor is free');
    const metrics = (await ask(admin, '/metrics'))?.body ?? '';
    expect(metrics).to.match(/^bulkhead_descriptor_states_total\{state="exhausted"\} 1$/m);
    const other = new RawClient(client.url);
    afterThisTest(() => other.destroy());
    const refused = await other.initialize().then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(refused).to.equal('ECONNRESET');

    expect(textOf(await client.call('close'))).to.equal('closed');
    await printed('stderr', /file descriptors are free again/);
    await until(async () => (await ask(admin, '/readyz'))?.status === 200, 'readiness');
    await other.initialize();
  });

  it('is warned of at 80 %', async function () {
    if (process.platform !== 'linux') return this.skip();
    const { client, printed } = await serve();
    await client.call('leak', { count: Math.ceil(0.8 * LIMIT) });
    await printed('stderr', /more than 80 % of the file descriptors/);
  });
});

async function serve() {
  const module = fileURLToPath(joined(fixtureModule('leaky')));
  const flags = [
    '--port',
    '0',
    '--admin-port',
    '0',
    '--log-format',
    'json',
    '--no-bundle',
    '--spare-threads',
    '0',
  ];
  const { printed } = startCli(['serve', module, ...flags], {
    within: ['sh', '-c', `ulimit -n ${LIMIT} && exec "$0" "$@"`],
  });
  const [, url = ''] = await printed('stdout', /(http:\S+\/mcp)/);
  const [, admin = ''] = await printed('stdout', /Admin server\s+(http:\S+)/);
  const client = new RawClient(url);
  afterThisTest(() => client.destroy());
  await client.initialize();
  return { client, admin: new URL(admin), printed };
}

/** `undefined` if the connection was closed without an answer. */
async function ask(admin: URL, path: string): Promise<{ status: number; body: string } | undefined> {
  const client = new RawClient(new URL(path, admin), { headers: { connection: 'close' } });
  try {
    const response = await client.send('GET');
    return { status: response.status, body: await response.text() };
  } catch {
    return undefined;
  } finally {
    client.destroy();
  }
}
