import { constants } from 'node:os';
import { expect } from 'chai';
import { until } from '../support/deadline.js';
import { expectEndAtOnce } from '../support/end-at-once.js';
import { holdGateway } from '../support/held-gateway.js';

const DRAIN_MS = 500;
/** A machine that runs other tests may be late; it must not wait for the 600 s of what blocks it. */
const DEADLINE_MS = 20_000;
const CHILD = 'a stopped child process that ignores signals';

describe('bulkhead serve, sent a signal while a tool runs a child process of its own,', function () {
  this.timeout(60_000);
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    it(`drains and exits with 0 at ${name}, and leaves no child process`, async () => {
      const gateway = await holdGateway(CHILD, { drainMs: DRAIN_MS });
      await until(() => gateway.descendants().length > 0, 'the child process');
      gateway.child.kill(name);
      expect(await gateway.ended(DEADLINE_MS)).to.deep.equal({ code: 0, signal: null });
      expect(gateway.stderr()).to.match(new RegExp(`"cause":"${name}"`));
    });
  }

  for (const name of [
    'SIGQUIT',
    'SIGABRT',
    'SIGALRM',
    'SIGVTALRM',
    'SIGXCPU',
    'SIGIO',
    'SIGPWR',
    'SIGSTKFLT',
  ] as const) {
    it(`exits at once at ${name}, and leaves no child process`, async () => {
      const gateway = await holdGateway(CHILD, { drainMs: 600_000 });
      await until(() => gateway.descendants().length > 0, 'the child process');
      gateway.child.kill(name);
      const end = await gateway.ended(DEADLINE_MS);
      await expectEndAtOnce(end, 128 + constants.signals[name], gateway.stderr);
    });
  }

  it('opens no inspector at SIGUSR1, ignores SIGUSR2, and goes on', async () => {
    const gateway = await holdGateway('Atomics.wait', { drainMs: DRAIN_MS });
    for (const name of ['SIGUSR1', 'SIGUSR2'] as const) {
      gateway.child.kill(name);
      await until(() => gateway.stderr().includes(`${name} means nothing here`), `a word on ${name}`);
    }
    expect(gateway.stderr()).not.to.include('Debugger listening');
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended(DEADLINE_MS)).to.deep.equal({ code: 0, signal: null });
  });

  it('says what was left where it had to end itself with SIGKILL at once', async () => {
    const gateway = await holdGateway('fs.promises.open of a FIFO', { drainMs: 600_000 });
    gateway.child.kill('SIGQUIT');
    expect(await gateway.ended(DEADLINE_MS)).to.deep.equal({ code: null, signal: 'SIGKILL' });
    await until(
      () => gateway.stderr().includes('session threads did not end in time'),
      'a word on the thread',
    );
  });

  it('names the session whose thread does not let go, and ends itself with SIGKILL', async () => {
    const gateway = await holdGateway('fs.promises.open of a FIFO', { drainMs: DRAIN_MS });
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended(DEADLINE_MS)).to.deep.equal({ code: null, signal: 'SIGKILL' });
    const line = gateway
      .stderr()
      .split('\n')
      .find((text) => text.includes('did not end in time'));
    expect(JSON.parse(line ?? '').threads).to.have.lengthOf(1);
    expect(JSON.parse(line ?? '').threads[0].sessionId).to.have.lengthOf(32);
  });

  it('frees a thread that waits for a child process in execSync, and exits with 0', async () => {
    const gateway = await holdGateway('execSync of a child process', { drainMs: DRAIN_MS });
    await until(() => gateway.descendants().length > 0, 'the child process');
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended(DEADLINE_MS)).to.deep.equal({ code: 0, signal: null });
  });
});
