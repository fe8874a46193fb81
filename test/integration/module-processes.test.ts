/** Server modules whose sessions have a process each: what is as in a thread, and what a thread would not survive. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { isAlive } from '../fixtures/children/observed-processes.js';
import { until } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import { expectError } from '../support/expectations.js';
import type { Gateway, GatewayOptions } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { buildAddOn, hasCompiler } from '../support/native-add-on.js';
import { sessionOf, sharedCatalogue, startCatalogue } from '../support/programs.js';
import { type RawClient, textOf } from '../support/raw-client.js';

const GIBIBYTE = 2 ** 30;
const MEBIBYTE = 2 ** 20;

const entry = (name: string, more: object = {}) => ({ module: fileURLToPath(fixtureModule(name)), ...more });
const perilous = (more: object = {}) => entry('perilous', { isolation: 'process', ...more });

interface ProcessFacts {
  readonly pid: number;
  readonly isMainThread: boolean;
  readonly cwd: string;
  readonly temporary: string;
  readonly memoryFlag: string;
}

async function facts(client: RawClient): Promise<ProcessFacts> {
  return JSON.parse(textOf(await client.call('process'))) as ProcessFacts;
}

const counted = async (client: RawClient) => textOf(await client.call('count'));

/** A session of `perilous`, and two others that must not notice: one beside it, and one in a thread. */
async function amongNeighbours(gateway: Gateway) {
  const [client, beside, inThread] = await Promise.all([
    sessionOf(gateway, 'perilous'),
    sessionOf(gateway, 'perilous'),
    sessionOf(gateway, 'threads'),
  ]);
  for (const each of [client, beside, inThread]) expect(await counted(each)).to.equal('1');
  const unhurt = async () => {
    expect(await counted(beside)).to.equal('2');
    expect(await counted(inThread)).to.equal('2');
    expect(
      (await fetch(new URL('/healthz', gateway.adminUrl), { headers: { connection: 'close' } })).status,
    ).to.equal(200);
  };
  return { client, unhurt };
}

const perilousAndThreads = (more: object = {}) => ({
  perilous: perilous(more),
  threads: entry('perilous', { isolation: 'thread' }),
});

async function startOne(more: object = {}, options: Partial<GatewayOptions> = {}) {
  const gateway = await startCatalogue({ perilous: perilous(more) }, options);
  return { gateway, client: await sessionOf(gateway, 'perilous') };
}

describe('a session of a module in a process', () => {
  it('runs on the main thread of a process of its own, with a folder for temporary files', async () => {
    const { gateway, client } = await startOne({ threadHeapMb: 64 });
    const other = await sessionOf(gateway, 'perilous');
    const [own, others] = [await facts(client), await facts(other)];
    expect(own).to.deep.include({ isMainThread: true, memoryFlag: '--max-old-space-size=64' });
    expect(own.pid).not.to.equal(others.pid).and.not.to.equal(process.pid);
    expect(existsSync(own.temporary)).to.equal(true);
    await gateway.endSession(client.sessionId ?? '');
    expect(isAlive(own.pid)).to.equal(false);
    expect(existsSync(own.temporary)).to.equal(false);
    expect(isAlive(others.pid)).to.equal(true);
  });

  it('starts in the folder of its entry, and may change it for itself', async () => {
    const gateway = await startCatalogue({ perilous: perilous({ cwd: '/' }) });
    const [client, other] = await Promise.all([
      sessionOf(gateway, 'perilous'),
      sessionOf(gateway, 'perilous'),
    ]);
    expect(textOf(await client.call('chdir', { path: '/tmp' }))).to.equal('/tmp');
    expect((await facts(other)).cwd).to.equal('/');
  });

  it('starts within max-processes, which it shares with programs', async () => {
    const { gateway, client } = await startOne({}, { maxProcesses: 1, sleepAfter: '50ms' });
    await counted(client);
    const second = await sessionOf(gateway, 'perilous');
    expect(await counted(second)).to.equal('1');
    expect(gateway.snapshot().processes.claimed).to.be.at.most(1);
  });

  it('starts from the bundle and from code caches that V8 takes, and its stacks name the original files', async () => {
    const gateway = await startCatalogue({ perilous: perilous() }, { bundle: true });
    const rejected = collect(gateway.events, 'code-cache-rejected');
    const client = await sessionOf(gateway, 'perilous');
    const exited = once(gateway.events, 'thread-exited', ({ cause }) => cause === 'crash');
    expectError(await client.call('throw'));
    expect((await exited).stack).to.match(/perilous\.mjs:\d+/);
    expect(await counted(client)).to.equal('1');
    expect(rejected).to.deep.equal([]);
  });

  it('passes none of its pipes on to what it starts', async () => {
    const { client } = await startOne();
    const { child, own } = JSON.parse(textOf(await client.call('descriptors_of_a_child'))) as {
      readonly child: readonly number[];
      readonly own: readonly number[];
    };
    expect(own).to.include.members([3, 4]);
    expect(child).not.to.include(4);
  });

  it('ends with all that it has started, by session.spawn or by itself', async () => {
    const { gateway, client } = await startOne();
    const pids = [
      Number(textOf(await client.call('spawn', { kept: true }))),
      Number(textOf(await client.call('spawn', { kept: false }))),
    ];
    for (const pid of pids) expect(isAlive(pid)).to.equal(true);
    await gateway.endSession(client.sessionId ?? '');
    for (const pid of pids) expect(isAlive(pid)).to.equal(false);
  });

  it('leaves none of that behind where it crashes', async () => {
    const { client } = await startOne();
    const pids = [
      Number(textOf(await client.call('spawn', { kept: true }))),
      Number(textOf(await client.call('spawn', { kept: false }))),
    ];
    expectError(await client.call('signal', { signal: 'SIGKILL' }));
    await until(() => pids.every((pid) => !isAlive(pid)), 'the processes of the dead one to end');
  });

  it('has what native code writes to stdout and stderr in its log, and no protocol to break', async () => {
    const { gateway, client } = await startOne();
    const lines = collect(gateway.events, 'module-log');
    await client.call('write', { fd: 1, data: '{"jsonrpc":"2.0","id":1,"result":{}}\nhalf' });
    await client.call('write', { fd: 2, data: ' a warning\n' });
    await until(() => lines.length >= 2, 'the lines in the log');
    expect(lines.map(({ source, message }) => [source, message])).to.deep.include.members([
      ['stdout', '{"jsonrpc":"2.0","id":1,"result":{}}'],
      ['stderr', ' a warning'],
    ]);
    expect(await counted(client)).to.equal('1');
  });

  it('waits on its pipe where it changes session.state faster than the gateway takes it', async () => {
    const { client } = await startOne();
    expect(textOf(await client.call('state_flood', { times: 20_000 }))).to.equal('19999');
    expectError(await client.call('signal', { signal: 'SIGKILL' }));
    expect(textOf(await client.call('stored'))).to.equal('19999');
  });
});

describe('what a module does to its process hurts its own session alone', () => {
  const shared = sharedCatalogue(perilousAndThreads());

  async function dies(
    call: (client: RawClient) => ReturnType<RawClient['call']>,
    message: RegExp,
    more?: object,
  ) {
    const gateway = more === undefined ? shared() : await startCatalogue(perilousAndThreads(more));
    const { client, unhurt } = await amongNeighbours(gateway);
    const lost = await call(client);
    expectError(lost);
    expect(lost.error?.message)
      .to.match(message)
      .and.match(/continues with a fresh process/);
    // A fresh one, which counts from the beginning.
    expect(await counted(client)).to.equal('1');
    await unhurt();
  }

  for (const signal of ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGKILL']) {
    it(`ended by ${signal}`, () =>
      dies((client) => client.call('signal', { signal }), new RegExp(`it was ended by ${signal}`)));
  }

  it('process.abort', () => dies((client) => client.call('abort'), /it was ended by SIGABRT/));

  it('process.exit', () =>
    dies((client) => client.call('exit', { code: 7 }), /process\.exit\(7\) was called in it/));

  it('an error that nobody catches', () =>
    dies((client) => client.call('throw'), /it crashed: thrown in a timer/));

  it('3 GiB in one piece, outside of the heap', () =>
    dies((client) => client.call('allocate', { bytes: 3 * GIBIBYTE }), /thread-memory-mb/));

  it('3 GiB in one piece, in the heap', () =>
    dies((client) => client.call('fill_heap', { items: (3 * GIBIBYTE) / 8 }), /thread-heap-mb/));

  it('a heap that grows in a loop that does not yield', () =>
    dies((client) => client.call('grow_heap'), /thread-heap-mb/, { threadHeapMb: 64 }));

  it('more resident memory than process-memory-mb', () =>
    dies((client) => client.call('touch', { bytes: 400 * MEBIBYTE }), /process-memory-mb/, {
      processMemoryMb: 300,
      threadMemoryMb: 2_048,
    }));

  it('more resident memory in a process that session.spawn started', () =>
    dies((client) => client.call('spawn_hoard', { bytes: 400 * MEBIBYTE }), /process-memory-mb/, {
      processMemoryMb: 300,
    }));

  it('a loop without an end, once the call is cancelled', async () => {
    const gateway = shared();
    const { client, unhurt } = await amongNeighbours(gateway);
    const { id, stream } = await client.openCall('spin');
    const exited = once(gateway.events, 'thread-exited', ({ cause }) => cause === 'killed');
    await client.notify('notifications/cancelled', { requestId: id });
    await stream.message((message) => message.id === id);
    await exited;
    expect(await counted(client)).to.equal('1');
    await unhurt();
  });

  it('bytes on its pipe that are no frame', async () => {
    for (const hex of [
      'ffffffff0100000000',
      '0000000009000000',
      '0400000002000000007b7b7b7b',
      '01000000020000000061',
    ]) {
      await dies(
        (client) => client.call('write_bytes', { fd: 4, hex: `${hex}ffffffff` }),
        /something that the gateway cannot handle/,
      );
    }
  });

  it('a pipe that it closes', () =>
    dies((client) => client.call('close', { fd: 4 }), /closed its pipe to the gateway|process\.exit\(1\)/));
});

describe('a native add-on of a module in a process', () => {
  before('needs a compiler', function () {
    if (!hasCompiler()) this.skip();
  });

  async function withAddOn(
    kind: Parameters<typeof buildAddOn>[0],
    use: (path: string) => Promise<void>,
  ): Promise<void> {
    const { path, remove } = buildAddOn(kind);
    try {
      await use(path);
    } finally {
      remove();
    }
  }

  it('may write where it must not: the process ends, and its session goes on in another', () =>
    withAddOn('crashing', async (path) => {
      const gateway = await startCatalogue(perilousAndThreads({ env: { NATIVE_ADD_ON: path } }));
      const { client, unhurt } = await amongNeighbours(gateway);
      const lost = await client.call('native_crash');
      expectError(lost);
      expect(lost.error?.message).to.match(/it was ended by SIGSEGV/);
      expect(await counted(client)).to.equal('1');
      await unhurt();
    }));

  it('may be one that a process can load only once', () =>
    withAddOn('registers itself', async (path) => {
      const env = { NATIVE_ADD_ON: path };
      const gateway = await startCatalogue({
        processes: perilous({ env }),
        threads: entry('perilous', { env, isolation: 'thread' }),
      });
      for (let session = 1; session <= 2; session += 1)
        expect(await counted(await sessionOf(gateway, 'processes'))).to.equal('1');
      expect(await counted(await sessionOf(gateway, 'threads'))).to.equal('1');
      const second = await sessionOf(gateway, 'threads').then(
        () => 'it started',
        (error: Error) => error.message,
      );
      expect(second).to.match(/did not self-register/);
    }));
});

describe('a module that cannot be used in a process', () => {
  for (const [name, message] of [
    ['broken-import', /the server module cannot be used/],
    ['broken-no-setup', /has no `setup` function/],
    ['broken-field', /unknown field "instuctions" \(did you mean "instructions"\?\)/],
    ['broken-setup', /setup failed/],
  ] as const) {
    it(`is broken with the reason, as in a thread: ${name}`, async () => {
      const gateway = await startCatalogue({ it: entry(name, { isolation: 'process' }), good: perilous() });
      const [broken] = gateway.servers();
      expect(broken).to.deep.include({ name: 'it', state: 'broken', isolation: 'process' });
      expect(broken?.reason).to.match(message);
      expect(await counted(await sessionOf(gateway, 'good'))).to.equal('1');
    });
  }
});
