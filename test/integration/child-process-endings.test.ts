import { once } from 'node:events';
import { constants } from 'node:os';
import { text } from 'node:stream/consumers';
import { MessageChannel, Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { BulkheadError } from '../../src/shared/errors.js';
import { SessionChildProcesses } from '../../workers/session/children/child-processes.js';
import { keptProcesses } from '../fixtures/children/kept-processes.js';
import {
  closed,
  firstLine,
  isAlive,
  pidsIn,
  processesMarked,
  runGateway,
} from '../fixtures/children/observed-processes.js';
import {
  CLEANS_UP,
  DAEMON,
  DAEMON_WITH_STARTER,
  STUBBORN_FAMILY,
  UNMARKED_DAEMON,
} from '../fixtures/children/scripts.js';
import type { SessionThreadFixtureData } from '../fixtures/children/session-thread.js';
import { until, withDeadline } from '../support/deadline.js';

const THREAD_FIXTURE = new URL('../fixtures/children/session-thread.js', import.meta.url);

/**
 * How much longer many processes may take than one: they share the processors, but the grace after SIGTERM runs for all
 * of them at once.
 */
const MANY_TO_ONE = 10;

describe('child processes of a session', () => {
  const kept = keptProcesses();

  describe('when their request ends', () => {
    it('die with it, and those of the session and of other requests live on', async () => {
      kept.requestKey = 'first';
      const ofFirst = kept.processes.spawn('sleep', ['1000'], {}, kept.tell);
      const ofSession = kept.processes.spawn('sleep', ['1000'], { lifetime: 'session' }, kept.tell);
      kept.requestKey = 'second';
      const ofSecond = kept.processes.spawn('sleep', ['1000']);
      await once(ofSecond as never, 'spawn');
      kept.processes.endRequest('first');
      expect((await closed(ofFirst)).signal).to.equal('SIGTERM');
      expect([isAlive(ofSession.pid!), isAlive(ofSecond.pid!)]).to.deep.equal([true, true]);
      expect(kept.told).to.equal(1);
    });

    it('die together with a daemon that a finished child left behind', async () => {
      kept.requestKey = 'only';
      const child = kept.processes.spawn('sh', ['-c', DAEMON]);
      const [line, end] = [firstLine(child), closed(child)];
      const [daemon] = pidsIn(await line);
      await end;
      expect(isAlive(daemon!)).to.equal(true);
      const killed = once(kept.events, 'children-killed');
      kept.processes.endRequest('only');
      expect((await killed)[0]).to.deep.equal({ processes: 1 });
      expect(isAlive(daemon!)).to.equal(false);
    });

    it('have time to clean up', async () => {
      kept.requestKey = 'only';
      const child = kept.processes.spawn('sh', ['-c', CLEANS_UP]);
      const end = closed(child);
      expect(await firstLine(child)).to.equal('ready');
      const output = text(child.stdout!);
      kept.processes.endRequest('only');
      expect(await output).to.equal('cleaned\n');
      expect((await end).code).to.equal(7);
    });

    it('can only be asked to within a request', () => {
      expect(() => kept.processes.spawn('true', [], { lifetime: 'request' })).to.throw(
        BulkheadError,
        'request',
      );
    });
  });

  describe('when their session ends', () => {
    it('are gone once endAll resolves, and none can follow', async () => {
      const child = kept.processes.spawn('sh', ['-c', STUBBORN_FAMILY]);
      const family = pidsIn(await firstLine(child));
      await until(
        () => kept.keeper.running(1) === 1 && kept.keeper.total === 1,
        'the main thread to know of it',
      );
      await kept.processes.endAll();
      expect(family.filter(isAlive)).to.deep.equal([]);
      expect(() => kept.processes.spawn('true')).to.throw(BulkheadError, 'ending');
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
        const keeperPort = kept.keeper.connect(thread);
        const workerData: SessionThreadFixtureData = { keeperPort, script, then };
        const worker = new Worker(THREAD_FIXTURE, { workerData, transferList: [keeperPort] });
        const exited = new Promise((resolve) => worker.once('exit', resolve));
        worker.on('error', () => undefined);
        const line = await new Promise<string>((resolve) => worker.once('message', resolve));
        const [marker] = line.split(' ');
        const pids = pidsIn(line);
        expect(pids.filter(isAlive)).to.deep.equal(pids);
        const killed = once(kept.events, 'children-killed');

        if (then === 'spin' || then === 'wait') await worker.terminate();
        await exited;
        await withDeadline(kept.keeper.released(thread), 'the keeper to be done with the thread');

        expect(processesMarked(marker!)).to.deep.equal([]);
        expect(pids.filter(isAlive)).to.deep.equal([]);
        expect((await killed)[0].processes).to.be.at.least(pids.length);
        expect(kept.keeper.running(thread)).to.equal(0);
      });
    }

    it('die together, not one after the other, when many session threads end at once', async () => {
      let threads = 100;
      const endMs = async (count: number): Promise<number> => {
        const sessions = Array.from({ length: count }, () => {
          threads += 1;
          const sessionPort = kept.keeper.connect(threads);
          const children = new SessionChildProcesses(sessionPort, () => undefined);
          return { thread: threads, sessionPort, children };
        });
        const lines = sessions.map(({ children }) =>
          firstLine(children.spawn('sh', ['-c', STUBBORN_FAMILY])),
        );
        const pids = (await Promise.all(lines)).flatMap(pidsIn);
        await until(
          () => kept.keeper.total === count,
          () => `${count} children; the main thread knows of ${kept.keeper.total}`,
        );
        const beganMs = performance.now();
        for (const { sessionPort } of sessions) sessionPort.close();
        await Promise.all(sessions.map(({ thread }) => kept.keeper.released(thread)));
        expect(pids.filter(isAlive)).to.deep.equal([]);
        return performance.now() - beganMs;
      };
      const oneMs = await endMs(1);
      expect(await endMs(4 * MANY_TO_ONE)).to.be.below(MANY_TO_ONE * oneMs);
    });
  });

  describe('when the gateway ends', () => {
    it('say that they were never started where nobody was there to start them', async () => {
      const { port1, port2 } = new MessageChannel();
      const child = new SessionChildProcesses(port1, () => undefined).spawn('true');
      const failed = new Promise<Error>((resolve) => child.on('error', resolve));
      const end = closed(child);
      port2.close();
      expect((await failed).message).to.match(/^The process was not started: /);
      expect(await end).to.deep.include({ code: -constants.errno.EAGAIN, signal: null });
    });

    it('are killed by close', async () => {
      const child = kept.processes.spawn('sh', ['-c', STUBBORN_FAMILY]);
      const family = pidsIn(await firstLine(child));
      await kept.keeper.close();
      expect(family.filter(isAlive)).to.deep.equal([]);
    });

    it('cannot be started any more', async () => {
      await kept.keeper.close();
      const late = kept.keeper.connect(2);
      const children = new SessionChildProcesses(late, () => undefined);
      await once(late, 'close');
      expect(() => children.spawn('true')).to.throw(BulkheadError, 'open a new session');
      await kept.keeper.released(2);
    });

    it('are killed at once by killAllNow', async () => {
      const child = kept.processes.spawn('sh', ['-c', STUBBORN_FAMILY]);
      await firstLine(child);
      kept.keeper.killAllNow();
      expect((await closed(child)).signal).to.equal('SIGKILL');
    });

    it('are killed when it exits without a goodbye', async () => {
      const family = pidsIn(await runGateway('exit'));
      expect(family).to.have.lengthOf(2);
      // They are not children of this process, so no event says when the signal has worked.
      await until(() => !family.some(isAlive), `${family} to be gone`);
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
