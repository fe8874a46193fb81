import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type MessagePort, Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { GatewayEmitter } from '../../src/events.js';
import { BulkheadError } from '../../src/shared/errors.js';
import { MAX_CHILD_PROCESSES } from '../../src/shared/keeper-frames.js';
import { ChildKeeper } from '../../src/threads/child-keeper.js';
import { SessionChildProcesses } from '../../workers/child-processes.js';
import {
  closed,
  failed,
  firstLine,
  isAlive,
  pidsIn,
  processesMarked,
  runGateway,
  zombiesOfThisProcess,
} from '../fixtures/children/observed-processes.js';
import {
  CLEANS_UP,
  DAEMON,
  DAEMON_WITH_STARTER,
  FLOOD,
  STUBBORN_FAMILY,
  UNMARKED_DAEMON,
} from '../fixtures/children/scripts.js';
import type { SessionThreadFixtureData } from '../fixtures/children/session-thread.js';
import { TIMED_RETRIES, until } from '../support/deadline.js';

const KEEPER_ENTRY = new URL('../../workers/child-keeper.cjs', import.meta.url);
const THREAD_FIXTURE = new URL('../fixtures/children/session-thread.js', import.meta.url);

/** TERM grace, two looks, and room for a busy machine. */
const GONE_WITHIN_MS = 2_000;

describe('child processes of a session', () => {
  const events = new GatewayEmitter();
  let keeper: ChildKeeper;
  let requestKey: string | undefined;
  let processes: SessionChildProcesses;
  let port: MessagePort;
  let told: number;
  const tell = (): void => {
    told += 1;
  };

  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  beforeEach(() => {
    keeper = new ChildKeeper(KEEPER_ENTRY, events);
    requestKey = undefined;
    told = 0;
    port = keeper.connect(1);
    processes = new SessionChildProcesses(port, () => requestKey);
  });

  afterEach(async () => {
    await keeper.close();
    events.removeAllListeners();
    expect(zombiesOfThisProcess()).to.deep.equal([]);
  });

  describe('behave like those of node:child_process', () => {
    it('emit spawn with a pid, then exit and close with the exit code', async () => {
      const child = processes.spawn('sh', ['-c', 'exit 3'], {}, tell);
      const seen: string[] = [];
      for (const name of ['spawn', 'exit', 'close'] as const) child.on(name, () => seen.push(name));
      expect(child.pid).to.equal(undefined);
      await once(child as never, 'spawn');
      expect(child.pid).to.be.greaterThan(1);
      expect(await closed(child)).to.deep.equal({ code: 3, signal: null });
      expect(child.exitCode).to.equal(3);
      expect(seen).to.deep.equal(['spawn', 'exit', 'close']);
      expect(told).to.equal(1);
    });

    it('report the signal that ended them', async () => {
      const child = processes.spawn('sleep', ['1000']);
      expect(child.kill('SIGINT')).to.equal(true);
      expect(await closed(child)).to.deep.equal({ code: null, signal: 'SIGINT' });
      expect(child.signalCode).to.equal('SIGINT');
      expect(child.kill()).to.equal(false);
    });

    it('get each signal that is sent after the one before has arrived', async () => {
      const child = processes.spawn('sh', [
        '-c',
        'trap "echo usr1" USR1; echo ready; while :; do sleep 0.01; done',
      ]);
      const lines = child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false });
      const line = async (): Promise<unknown> => (await lines.next()).value;
      expect(await line()).to.equal('ready\n');
      for (let times = 0; times < 3; times += 1) {
        expect(child.kill('SIGUSR1')).to.equal(true);
        expect(await line()).to.equal('usr1\n');
      }
    });

    it('refuse a signal that does not exist', async () => {
      const child = processes.spawn('sleep', ['1000']);
      expect(() => child.kill('SIGNONE' as NodeJS.Signals)).to.throw(TypeError, 'SIGNONE');
    });

    it('emit error for a command that does not exist', async () => {
      const child = processes.spawn('no-such-command-anywhere', [], {}, tell);
      const end = closed(child);
      expect(await failed(child)).to.include({ code: 'ENOENT' });
      expect((await end).code).to.be.lessThan(0);
      expect(child.pid).to.equal(undefined);
      expect(told).to.equal(1);
    });

    it('emit error for a folder that does not exist, and for arguments that no process can have', async () => {
      for (const [args, cwd] of [
        [[], '/no/such/folder'],
        [['a\0b'], '/'],
      ] as const) {
        const child = processes.spawn('true', args, { cwd }, tell);
        const end = closed(child);
        expect(await failed(child)).to.be.instanceOf(Error);
        await end;
      }
      expect(told).to.equal(2);
    });

    it('take a working folder, also as a URL, and argv0', async () => {
      const child = processes.spawn('sh', ['-c', 'pwd; echo $0'], {
        cwd: new URL('file:///usr'),
        argv0: 'other',
      });
      expect(await text(child.stdout!)).to.equal('/usr\nother\n');
    });

    it('give stderr apart from stdout', async () => {
      const child = processes.spawn('sh', ['-c', 'echo out; echo err >&2']);
      expect(await Promise.all([text(child.stdout!), text(child.stderr!)])).to.deep.equal(['out\n', 'err\n']);
    });

    it('close although nobody reads their output', async () => {
      const child = processes.spawn('head', ['-c', '100000', '/dev/zero']);
      expect(await closed(child)).to.deep.equal({ code: 0, signal: null });
    });

    it('run listeners in the async context of the spawn call', async () => {
      const storage = new AsyncLocalStorage<string>();
      const seen = await storage.run('request-7', async () => {
        const child = processes.spawn('echo', ['x']);
        const inData = new Promise((resolve) =>
          child.stdout!.once('data', () => resolve(storage.getStore())),
        );
        const inExit = new Promise((resolve) => child.once('exit', () => resolve(storage.getStore())));
        return Promise.all([inData, inExit]);
      });
      expect(seen).to.deep.equal(['request-7', 'request-7']);
    });
  });

  describe('streams', () => {
    it('carry several megabytes through stdin and back, unchanged', async () => {
      const sent = randomBytes(8 * 1024 * 1024 + 7);
      const child = processes.spawn('cat');
      const received = createHash('sha256');
      await Promise.all([pipeline([sent], child.stdin!), pipeline(child.stdout!, received)]);
      expect(received.digest('hex')).to.equal(createHash('sha256').update(sent).digest('hex'));
    });

    it('hold a writer back while the child does not read', async () => {
      const child = processes.spawn('sh', ['-c', 'read line; echo got; exec sleep 1000']);
      let written = 0;
      const block = Buffer.alloc(65_536, '\n');
      const flood = (): void => {
        child.stdin!.write(block, (error) => {
          if (error) return;
          written += block.length;
          flood();
        });
      };
      flood();
      expect(await firstLine(child)).to.equal('got');
      await delay(200);
      expect(written).to.be.lessThan(2 * 1024 * 1024);
    });

    it('fail stdin with EPIPE when the child has closed its end', async () => {
      const child = processes.spawn('sh', ['-c', 'exec <&-; echo closed; exec sleep 1000']);
      expect(await firstLine(child)).to.equal('closed');
      const error = new Promise((resolve) => child.stdin!.once('error', resolve));
      child.stdin!.write('x');
      expect(await error).to.include({ code: 'EPIPE' });
    });

    it('stop a child that floods a reader that does not read, and then give it every byte in order', async () => {
      const child = processes.spawn(process.execPath, ['-e', FLOOD]);
      const [stuck] = await once(child.stderr!, 'data');
      const stuckAt = Number(/^stuck (\d+)/.exec(String(stuck))![1]);
      expect(stuckAt).to.be.lessThan(2 * 1024 * 1024);
      const report = text(child.stderr!);
      const hash = createHash('sha256');
      let total = 0;
      for await (const chunk of child.stdout!) {
        hash.update(chunk);
        total += chunk.length;
      }
      expect(total).to.equal(50 * 1024 * 1024);
      expect(await report).to.equal(`hash ${hash.digest('hex')}\n`);
    });

    it('let the child see that nobody reads any more', async () => {
      const child = processes.spawn('yes');
      await firstLine(child);
      child.stdout!.destroy();
      expect(await closed(child)).not.to.deep.equal({ code: 0, signal: null });
    });
  });

  describe('bounds', () => {
    it('refuse the 65th, and take another when one has closed', async () => {
      const children = Array.from({ length: MAX_CHILD_PROCESSES }, () => processes.spawn('sleep', ['1000']));
      expect(() => processes.spawn('true'))
        .to.throw(BulkheadError, '64 child processes')
        .with.property('code', 'ERR_BULKHEAD_SPAWN');
      children[0]!.kill();
      await closed(children[0]!);
      expect(await closed(processes.spawn('true'))).to.deep.equal({ code: 0, signal: null });
    });

    it('inherit the marker whatever environment they are given', async () => {
      const child = processes.spawn('/usr/bin/env', [], {
        env: { A: '1', B: undefined, BULKHEAD_CHILD: 'forged' },
      });
      const lines = (await text(child.stdout!)).trim().split('\n').sort();
      expect(lines).to.have.lengthOf(2);
      expect(lines[0]).to.equal('A=1');
      expect(lines[1]).to.match(/^BULKHEAD_CHILD=[0-9a-f]{32}$/);
    });

    it('run at the niceness of session threads', async () => {
      const nicer = new ChildKeeper(KEEPER_ENTRY, events, 5);
      const child = new SessionChildProcesses(nicer.connect(1), () => undefined).spawn('sleep', ['1000']);
      await once(child as never, 'spawn');
      expect(getPriority(child.pid)).to.equal(Math.min(getPriority() + 5, 19));
      await nicer.close();
    });

    it('start no keeper thread for a session thread that starts no process', async () => {
      let threads = 0;
      const count = (): void => {
        threads += 1;
      };
      process.on('worker', count);
      await processes.endAll();
      port.close();
      await keeper.released(1);
      process.off('worker', count);
      expect(threads).to.equal(0);
    });
  });

  describe('when their request ends', () => {
    it('die with it, and those of the session and of other requests live on', async () => {
      requestKey = 'first';
      const ofFirst = processes.spawn('sleep', ['1000'], {}, tell);
      const ofSession = processes.spawn('sleep', ['1000'], { lifetime: 'session' }, tell);
      requestKey = 'second';
      const ofSecond = processes.spawn('sleep', ['1000']);
      await once(ofSecond as never, 'spawn');
      processes.endRequest('first');
      expect((await closed(ofFirst)).signal).to.equal('SIGTERM');
      expect([isAlive(ofSession.pid!), isAlive(ofSecond.pid!)]).to.deep.equal([true, true]);
      expect(told).to.equal(1);
    });

    it('die together with a daemon that a finished child left behind', async () => {
      requestKey = 'only';
      const child = processes.spawn('sh', ['-c', DAEMON]);
      const [line, end] = [firstLine(child), closed(child)];
      const [daemon] = pidsIn(await line);
      await end;
      expect(isAlive(daemon!)).to.equal(true);
      const killed = once(events, 'children-killed');
      processes.endRequest('only');
      expect((await killed)[0]).to.deep.equal({ processes: 1 });
      expect(isAlive(daemon!)).to.equal(false);
    });

    it('have time to clean up', async () => {
      requestKey = 'only';
      const child = processes.spawn('sh', ['-c', CLEANS_UP]);
      const end = closed(child);
      expect(await firstLine(child)).to.equal('ready');
      const output = text(child.stdout!);
      processes.endRequest('only');
      expect(await output).to.equal('cleaned\n');
      expect((await end).code).to.equal(7);
    });

    it('can only be asked to within a request', () => {
      expect(() => processes.spawn('true', [], { lifetime: 'request' })).to.throw(BulkheadError, 'request');
    });
  });

  describe('when their session ends', () => {
    it('are gone once endAll resolves, and none can follow', async () => {
      const child = processes.spawn('sh', ['-c', STUBBORN_FAMILY]);
      const family = pidsIn(await firstLine(child));
      await until(() => keeper.running(1) === 1 && keeper.total === 1, 'the main thread to know of it');
      await processes.endAll();
      expect(family.filter(isAlive)).to.deep.equal([]);
      expect(() => processes.spawn('true')).to.throw(BulkheadError, 'ending');
    });

    for (const [death, kind, then, script] of [
      ['is killed while it spins', 'a family that ignores SIGTERM', 'spin', STUBBORN_FAMILY],
      ['is killed while it spins', 'a daemon that left its group', 'spin', DAEMON],
      ['is killed while it spins', 'a daemon and its starter', 'spin', DAEMON_WITH_STARTER],
      ['is killed while it spins', 'a daemon that cleared its environment', 'spin', UNMARKED_DAEMON],
      ['is killed while it waits', 'a family that ignores SIGTERM', 'wait', STUBBORN_FAMILY],
      ['throws', 'a family that ignores SIGTERM', 'throw', STUBBORN_FAMILY],
      ['calls process.exit', 'a family that ignores SIGTERM', 'exit', STUBBORN_FAMILY],
    ] as const) {
      it(`leave nothing behind when its thread ${death}: ${kind}`, async () => {
        const thread = 2;
        const keeperPort = keeper.connect(thread);
        const workerData: SessionThreadFixtureData = { keeperPort, script, then };
        const worker = new Worker(THREAD_FIXTURE, { workerData, transferList: [keeperPort] });
        const exited = new Promise((resolve) => worker.once('exit', resolve));
        worker.on('error', () => undefined);
        const line = await new Promise<string>((resolve) => worker.once('message', resolve));
        const [marker] = line.split(' ');
        const pids = pidsIn(line);
        expect(pids.filter(isAlive)).to.deep.equal(pids);
        const killed = once(events, 'children-killed');

        const beganMs = performance.now();
        if (then === 'spin' || then === 'wait') await worker.terminate();
        await exited;
        await keeper.released(thread);
        expect(performance.now() - beganMs).to.be.lessThan(GONE_WITHIN_MS);

        expect(processesMarked(marker!)).to.deep.equal([]);
        expect(pids.filter(isAlive)).to.deep.equal([]);
        expect((await killed)[0].processes).to.be.at.least(pids.length);
        expect(keeper.running(thread)).to.equal(0);
      }).retries(TIMED_RETRIES);
    }

    it('die within the same time when many session threads end at once', async () => {
      const count = 40;
      const sessions = Array.from({ length: count }, (_, index) => {
        const sessionPort = keeper.connect(100 + index);
        return { sessionPort, children: new SessionChildProcesses(sessionPort, () => undefined) };
      });
      const lines = sessions.map(({ children }) => firstLine(children.spawn('sh', ['-c', STUBBORN_FAMILY])));
      const pids = (await Promise.all(lines)).flatMap(pidsIn);
      await until(
        () => keeper.total === count,
        () => `${count} children; the main thread knows of ${keeper.total}`,
      );
      const beganMs = performance.now();
      for (const { sessionPort } of sessions) sessionPort.close();
      await Promise.all(sessions.map((_, index) => keeper.released(100 + index)));
      expect(performance.now() - beganMs).to.be.lessThan(2 * GONE_WITHIN_MS);
      expect(pids.filter(isAlive)).to.deep.equal([]);
    }).retries(TIMED_RETRIES);
  });

  describe('when the gateway ends', () => {
    it('are killed by close', async () => {
      const child = processes.spawn('sh', ['-c', STUBBORN_FAMILY]);
      const family = pidsIn(await firstLine(child));
      await keeper.close();
      expect(family.filter(isAlive)).to.deep.equal([]);
    });

    it('can not be started any more', async () => {
      await keeper.close();
      const late = keeper.connect(2);
      const children = new SessionChildProcesses(late, () => undefined);
      await once(late, 'close');
      expect(() => children.spawn('true')).to.throw(BulkheadError, 'open a new session');
      await keeper.released(2);
    });

    it('are killed at once by killAllNow', async () => {
      const child = processes.spawn('sh', ['-c', STUBBORN_FAMILY]);
      await firstLine(child);
      keeper.killAllNow();
      expect((await closed(child)).signal).to.equal('SIGKILL');
    });

    it('are killed when it exits without a goodbye', async () => {
      const family = pidsIn(await runGateway('exit'));
      expect(family).to.have.lengthOf(2);
      // They are nobody's children here: no event tells when the signal has worked.
      await until(() => !family.some(isAlive), `${family} to be gone`, GONE_WITHIN_MS);
    });

    it('are killed when the keeper thread dies, which is logged, and the next session gets a new one', async () => {
      const [family, report] = (await runGateway('keeper-death')).trim().split('\n');
      expect(JSON.parse(report!)).to.deep.equal({
        level: 'error',
        message: 'The child-process keeper ended; child processes of live sessions were killed.',
        signal: 'SIGKILL',
        refusal: 'ERR_BULKHEAD_SPAWN',
        code: 0,
      });
      expect(pidsIn(family!).filter(isAlive)).to.deep.equal([]);
    });
  });
});
