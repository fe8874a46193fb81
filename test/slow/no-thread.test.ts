import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createCgroup } from '../support/cgroup.js';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { until } from '../support/deadline.js';
import { fixtureModule } from '../support/modules.js';
import { initializeRequest, RawClient, textOf } from '../support/raw-client.js';

const RECOVERY_MS = 2_000;

describe('a gateway that the system gives no more threads', () => {
  it('says which limit it is, serves those that have one, and all others within 2 s after', async function () {
    const pids = createCgroup('pids');
    if (pids === undefined) return this.skip();
    const gateway = await startGateway(['--spare-threads', '0']);
    const known = gateway.client();
    await known.initialize();
    pids.add(gateway.pid);
    pids.write('pids.max', pids.read('pids.current'));

    for (let attempt = 0; attempt < 3; attempt += 1) {
      const refusal = await gateway.client().post(initializeRequest(1));
      expect(refusal.status).to.equal(500);
      expect((await refusal.answer(1)).error?.message).to.match(/EAGAIN.*pids limit.*TasksMax.*ulimit -u/);
    }
    expect(textOf(await known.call('echo', { text: 'still there' }))).to.equal('still there');
    const spawned = await known.call('run', { command: 'true' });
    expect(JSON.stringify(spawned)).to.match(/EAGAIN.*Try again later/);

    pids.write('pids.max', 'max');
    const recovery = performance.now();
    await until(
      async () => (await gateway.client().post(initializeRequest(1))).status === 200,
      'a new session',
    );
    expect(performance.now() - recovery).to.be.below(RECOVERY_MS);
    expect(JSON.stringify(await known.call('run', { command: 'true' }))).to.match(/code.*0/);
  });
});

describe('a gateway that is out of file descriptors', () => {
  it('says so, frees the slot of the start that failed at once, and serves all within 2 s after', async () => {
    const gateway = await startGateway(['--spare-threads', '0', '--max-threads', '2']);
    const known = gateway.client();
    await known.initialize();
    // Its connection is there, its thread is not.
    const threadless = gateway.client();
    await threadless.initialize();
    await threadless.call('exit');
    const limit = (soft: string): void => {
      execFileSync('prlimit', ['--pid', String(gateway.pid), `--nofile=${soft}:`]);
    };
    limit('16');
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const refused = await threadless.call('echo', { text: 'nobody' });
      expect(JSON.stringify(refused)).to.match(/EMFILE.*ulimit -n/);
    }
    expect(textOf(await known.call('echo', { text: 'still there' }))).to.equal('still there');
    limit('1024');
    const recovery = performance.now();
    await until(
      // Until the gateway has looked again, it closes connections that it has no descriptor for.
      () =>
        gateway
          .client()
          .post(initializeRequest(1))
          .then(
            ({ status }) => status === 200,
            (error: NodeJS.ErrnoException) => {
              if (error.code !== 'ECONNRESET') throw error;
              return false;
            },
          ),
      'a new session',
    );
    expect(performance.now() - recovery).to.be.below(RECOVERY_MS);
  });
});

async function startGateway(options: readonly string[]): Promise<{ pid: number; client: () => RawClient }> {
  const cli = startCli(
    [
      'serve',
      fileURLToPath(fixtureModule('thread-needs')),
      '--port',
      '0',
      '--admin-port',
      '0',
      '--log-format',
      'json',
      ...options,
    ],
    {},
  );
  const [, url = ''] = await cli.printed('stdout', /MCP server\s+(\S+)/);
  return {
    pid: cli.child.pid ?? 0,
    client: () => {
      const client = new RawClient(url);
      afterThisTest(() => client.destroy());
      return client;
    },
  };
}
