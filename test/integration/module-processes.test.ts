/** Server modules whose sessions have a process each: what is as in a thread, and what a thread would not survive. */
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { isAlive } from '../fixtures/children/observed-processes.js';
import {
  amongNeighbours,
  counted,
  entry,
  expectLonelyProcessDeath,
  perilous,
  perilousAndThreads,
} from '../fixtures/isolation/perilous.js';
import { until } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import { expectError } from '../support/expectations.js';
import { sessionOf, sharedCatalogue, startCatalogue } from '../support/programs.js';
import { type RawClient, textOf } from '../support/raw-client.js';

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

describe('a session of a module in a process', () => {
  const shared = sharedCatalogue({
    perilous: perilous(),
    small: perilous({ threadHeapMb: 64 }),
    root: perilous({ cwd: '/' }),
  });

  it('runs on the main thread of a process of its own, with a folder for temporary files', async () => {
    const gateway = shared();
    const [client, other] = [await sessionOf(gateway, 'small'), await sessionOf(gateway, 'small')];
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
    const gateway = shared();
    const [client, other] = await Promise.all([sessionOf(gateway, 'root'), sessionOf(gateway, 'root')]);
    expect(textOf(await client.call('chdir', { path: '/tmp' }))).to.equal('/tmp');
    expect((await facts(other)).cwd).to.equal('/');
  });

  it('starts within max-processes, which it shares with programs', async () => {
    const gateway = await startCatalogue({ perilous: perilous() }, { maxProcesses: 1, sleepAfter: '50ms' });
    await counted(await sessionOf(gateway, 'perilous'));
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
    const client = await sessionOf(shared(), 'perilous');
    const { child, own } = JSON.parse(textOf(await client.call('descriptors_of_a_child'))) as {
      readonly child: readonly number[];
      readonly own: readonly number[];
    };
    expect(own).to.include.members([3, 4]);
    expect(child).not.to.include(4);
  });

  it('ends with all that it has started, by session.spawn or by itself', async () => {
    const gateway = shared();
    const client = await sessionOf(gateway, 'perilous');
    const pids = [
      Number(textOf(await client.call('spawn', { kept: true }))),
      Number(textOf(await client.call('spawn', { kept: false }))),
    ];
    for (const pid of pids) expect(isAlive(pid)).to.equal(true);
    await gateway.endSession(client.sessionId ?? '');
    for (const pid of pids) expect(isAlive(pid)).to.equal(false);
  });

  it('leaves none of that behind where it crashes', async () => {
    const client = await sessionOf(shared(), 'perilous');
    const pids = [
      Number(textOf(await client.call('spawn', { kept: true }))),
      Number(textOf(await client.call('spawn', { kept: false }))),
    ];
    expectError(await client.call('signal', { signal: 'SIGKILL' }));
    await until(() => pids.every((pid) => !isAlive(pid)), 'the processes of the dead one to end');
  });

  it('has what native code writes to stdout and stderr in its log, and no protocol to break', async () => {
    const gateway = shared();
    const client = await sessionOf(gateway, 'perilous');
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
    const client = await sessionOf(shared(), 'perilous');
    expect(textOf(await client.call('state_flood', { times: 20_000 }))).to.equal('19999');
    expectError(await client.call('signal', { signal: 'SIGKILL' }));
    expect(textOf(await client.call('stored'))).to.equal('19999');
  });
});

/** Rarer ones, and those that take memory, are in the slow tests. */
describe('what a module does to its process hurts its own session alone', () => {
  const shared = sharedCatalogue(perilousAndThreads());

  it('ended by SIGSEGV', () =>
    expectLonelyProcessDeath(
      shared(),
      (client) => client.call('signal', { signal: 'SIGSEGV' }),
      /it was ended by SIGSEGV/,
    ));

  it('process.exit', () =>
    expectLonelyProcessDeath(
      shared(),
      (client) => client.call('exit', { code: 7 }),
      /process\.exit\(7\) was called in it/,
    ));

  it('an error that nobody catches', () =>
    expectLonelyProcessDeath(shared(), (client) => client.call('throw'), /it crashed: thrown in a timer/));

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

  it('a pipe that it closes', () =>
    expectLonelyProcessDeath(
      shared(),
      (client) => client.call('close', { fd: 4 }),
      /closed its pipe to the gateway|process\.exit\(1\)/,
    ));
});

describe('a module that cannot be used in a process', () => {
  const reasons = {
    'broken-import': /the server module cannot be used/,
    'broken-no-setup': /has no `setup` function/,
    'broken-field': /unknown field "instuctions" \(did you mean "instructions"\?\)/,
    'broken-setup': /setup failed/,
  };

  it('is broken with the reason, as in a thread', async () => {
    const broken = Object.keys(reasons).map((name) => [name, entry(name, { isolation: 'process' })]);
    const gateway = await startCatalogue({ ...Object.fromEntries(broken), good: perilous() });
    for (const [name, reason] of Object.entries(reasons)) {
      const server = gateway.servers().find((one) => one.name === name);
      expect(server).to.deep.include({ state: 'broken', isolation: 'process' });
      expect(server?.reason).to.match(reason);
    }
    expect(await counted(await sessionOf(gateway, 'good'))).to.equal('1');
  });
});
