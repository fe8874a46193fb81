import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { until } from '../support/deadline.js';
import { once } from '../support/events.js';
import { connectedClient, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { type RawClient, textOf } from '../support/raw-client.js';

const onLinux = process.platform === 'linux' ? it : it.skip;
const options = { serverModule: fixtureModule('native-calls'), cancelGrace: '100ms' };
/** A number of seconds that no other process on the machine sleeps. */
const SECONDS = '654.321';

describe('a thread that a native call holds', () => {
  onLinux('is let go by its session, whose next call gets another one', async () => {
    const gateway = await startGateway({ ...options, maxThreads: 1, spareThreads: 0 });
    const fifo = temporaryFifo();
    const client = await connectedClient(gateway);
    const stuck = await holdIn(client, fifo);
    expect(textOf(await client.call('echo', { text: 'served' }))).to.equal('served');
    expect(gateway.snapshot().threads.stuck).to.equal(1);
    expect(await stuck.answered).to.match(/cancel/);
    const exited = once(gateway.events, 'thread-exited', ({ cause }) => cause === 'killed');
    fifo.open();
    expect(await exited).to.deep.include({ requestsLost: 0, running: ['open_fifo'] });
    expect(gateway.snapshot().threads.stuck).to.equal(0);
  });

  onLinux('does not count for max-threads, and /readyz fails when there is nothing else left', async () => {
    const gateway = await startGateway({ ...options, maxThreads: 1, spareThreads: 0 });
    const fifo = temporaryFifo();
    const ready = async (): Promise<number> => (await fetch(new URL('/readyz', gateway.adminUrl))).status;
    for (let held = 1; held <= 9; held += 1) {
      expect(await ready(), `with ${held - 1} stuck`).to.equal(200);
      await holdIn(await connectedClient(gateway), fifo);
      await until(() => gateway.snapshot().threads.stuck === held, `${held} stuck threads`);
    }
    expect(await ready()).to.equal(503);
    fifo.open();
    await until(() => gateway.snapshot().threads.stuck === 0, 'all of them to go');
    expect(await ready()).to.equal(200);
  });

  onLinux('ends with the process that it waits for, and what else it started ends too', async () => {
    const gateway = await startGateway(options);
    const client = await connectedClient(gateway);
    const exited = once(gateway.events, 'thread-exited', ({ cause }) => cause === 'killed');
    const { id } = await client.openCall('spawn_and_exec', { seconds: SECONDS });
    await until(() => sleepers().length === 2, 'its processes to run');
    await client.notify('notifications/cancelled', { requestId: id });
    await exited;
    await until(() => sleepers().length === 0, 'its processes to end');
    expect(textOf(await client.call('echo', { text: 'served' }))).to.equal('served');
  });
});

describe('a thread that dies by itself', () => {
  for (const [how, cause] of [
    ['throw', 'crash'],
    ['exit', 'exit'],
  ] as const) {
    onLinux(`takes along what it started with node:child_process (${cause})`, async () => {
      const gateway = await startGateway(options);
      const killed = once(gateway.events, 'children-killed');
      const exited = once(gateway.events, 'thread-exited', (event) => event.cause === cause);
      const client = await connectedClient(gateway);
      await client.call('spawn_and_die', { seconds: SECONDS, how });
      await exited;
      // The shell, and its sleep if it had already started.
      expect((await killed).processes).to.be.within(1, 2);
      await until(() => sleepers().length === 0, 'its processes to end');
    });
  }
});

/** A call whose thread opens a FIFO that nobody writes to, cancelled. */
async function holdIn(client: RawClient, fifo: Fifo): Promise<{ answered: Promise<string> }> {
  const { id, stream } = await client.openCall('open_fifo', { path: fifo.path });
  await client.notify('notifications/cancelled', { requestId: id });
  const answered = stream.message((message) => message.id === id).then((message) => JSON.stringify(message));
  return { answered };
}

interface Fifo {
  readonly path: string;
  /** Lets all that wait for it continue. */
  open(): void;
}

function temporaryFifo(): Fifo {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-fifo-'));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  let descriptor: number | undefined;
  const open = (): void => {
    descriptor ??= openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  };
  afterThisTest(() => {
    open();
    if (descriptor !== undefined) closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });
  return { path, open };
}

/** Living processes that sleep for `SECONDS`. */
function sleepers(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1') === `sleep\0${SECONDS}\0`;
    } catch {
      // It is gone.
      return false;
    }
  });
}
