import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { ChildKeeper } from '../../src/isolation/port/child-keeper.js';
import { BulkheadError } from '../../src/shared/errors.js';
import { MAX_CHILD_PROCESSES } from '../../src/shared/keeper-frames.js';
import { SessionChildProcesses } from '../../workers/session/children/child-processes.js';
import { KEEPER_ENTRY, keptProcesses } from '../fixtures/children/kept-processes.js';
import { closed, failed, firstLine } from '../fixtures/children/observed-processes.js';
import { FLOOD } from '../fixtures/children/scripts.js';

describe('child processes of a session', () => {
  const kept = keptProcesses();

  describe('behave like those of node:child_process', () => {
    it('emit spawn with a pid, then exit and close with the exit code', async () => {
      const child = kept.processes.spawn('sh', ['-c', 'exit 3'], {}, kept.tell);
      const seen: string[] = [];
      for (const name of ['spawn', 'exit', 'close'] as const) child.on(name, () => seen.push(name));
      expect(child.pid).to.equal(undefined);
      await once(child as never, 'spawn');
      expect(child.pid).to.be.greaterThan(1);
      expect(await closed(child)).to.deep.equal({ code: 3, signal: null });
      expect(child.exitCode).to.equal(3);
      expect(seen).to.deep.equal(['spawn', 'exit', 'close']);
      expect(kept.told).to.equal(1);
    });

    it('report the signal that ended them', async () => {
      const child = kept.processes.spawn('sleep', ['1000']);
      expect(child.kill('SIGINT')).to.equal(true);
      expect(await closed(child)).to.deep.equal({ code: null, signal: 'SIGINT' });
      expect(child.signalCode).to.equal('SIGINT');
      expect(child.kill()).to.equal(false);
    });

    it('get each signal that is sent after the one before has arrived', async () => {
      const child = kept.processes.spawn('sh', [
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
      const child = kept.processes.spawn('sleep', ['1000']);
      expect(() => child.kill('SIGNONE' as NodeJS.Signals)).to.throw(TypeError, 'SIGNONE');
    });

    it('emit error for a command that does not exist', async () => {
      const child = kept.processes.spawn('no-such-command-anywhere', [], {}, kept.tell);
      const end = closed(child);
      expect(await failed(child)).to.include({ code: 'ENOENT' });
      expect((await end).code).to.be.lessThan(0);
      expect(child.pid).to.equal(undefined);
      expect(kept.told).to.equal(1);
    });

    it('emit error for a folder that does not exist', async () => {
      const child = kept.processes.spawn('true', [], { cwd: '/no/such/folder' }, kept.tell);
      const end = closed(child);
      expect(await failed(child))
        .to.have.property('message')
        .that.includes('its folder "/no/such/folder" does not exist (cwd)');
      await end;
      expect(kept.told).to.equal(1);
    });

    it('are refused arguments that no process can have, as node:child_process refuses them', () => {
      expect(() => kept.processes.spawn('true', ['a\0b'])).to.throw(TypeError, 'null bytes');
    });

    it('take a working folder, also as a URL, and argv0', async () => {
      const child = kept.processes.spawn('sh', ['-c', 'pwd; echo $0'], {
        cwd: new URL('file:///usr'),
        argv0: 'other',
      });
      expect(await text(child.stdout!)).to.equal('/usr\nother\n');
    });

    it('give stderr apart from stdout', async () => {
      const child = kept.processes.spawn('sh', ['-c', 'echo out; echo err >&2']);
      expect(await Promise.all([text(child.stdout!), text(child.stderr!)])).to.deep.equal(['out\n', 'err\n']);
    });

    it('close although nobody reads their output', async () => {
      const child = kept.processes.spawn('head', ['-c', '100000', '/dev/zero']);
      expect(await closed(child)).to.deep.equal({ code: 0, signal: null });
    });

    it('run listeners in the async context of the spawn call', async () => {
      const storage = new AsyncLocalStorage<string>();
      const seen = await storage.run('request-7', async () => {
        const child = kept.processes.spawn('echo', ['x']);
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
      const child = kept.processes.spawn('cat');
      const received = createHash('sha256');
      await Promise.all([pipeline([sent], child.stdin!), pipeline(child.stdout!, received)]);
      expect(received.digest('hex')).to.equal(createHash('sha256').update(sent).digest('hex'));
    });

    it('hold a writer back while the child does not read', async () => {
      const child = kept.processes.spawn('sh', ['-c', 'read line; echo got; exec sleep 1000']);
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
      const child = kept.processes.spawn('sh', ['-c', 'exec <&-; echo closed; exec sleep 1000']);
      expect(await firstLine(child)).to.equal('closed');
      const error = new Promise((resolve) => child.stdin!.once('error', resolve));
      child.stdin!.write('x');
      expect(await error).to.include({ code: 'EPIPE' });
    });

    it('stop a child that floods a reader that does not read, and then give it every byte in order', async () => {
      const child = kept.processes.spawn(process.execPath, ['-e', FLOOD]);
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
      const child = kept.processes.spawn('yes');
      await firstLine(child);
      child.stdout!.destroy();
      expect(await closed(child)).not.to.deep.equal({ code: 0, signal: null });
    });
  });

  describe('bounds', () => {
    it('refuse the 65th, and take another when one has closed', async () => {
      const children = Array.from({ length: MAX_CHILD_PROCESSES }, () =>
        kept.processes.spawn('sleep', ['1000']),
      );
      expect(() => kept.processes.spawn('true'))
        .to.throw(BulkheadError, '64 child processes')
        .with.property('code', 'ERR_BULKHEAD_SPAWN');
      children[0]!.kill();
      await closed(children[0]!);
      expect(await closed(kept.processes.spawn('true'))).to.deep.equal({ code: 0, signal: null });
    });

    it('inherit the marker whatever environment they are given', async () => {
      const child = kept.processes.spawn('/usr/bin/env', [], {
        env: { A: '1', B: undefined, BULKHEAD_CHILD: 'forged' },
      });
      const lines = (await text(child.stdout!)).trim().split('\n').sort();
      expect(lines).to.have.lengthOf(2);
      expect(lines[0]).to.equal('A=1');
      expect(lines[1]).to.match(/^BULKHEAD_CHILD=(?:\d+-[0-9a-z]+-[0-9a-f]{10}-)?[0-9a-f]{32}$/);
    });

    it('run at the niceness of session threads', async () => {
      const nicer = new ChildKeeper(KEEPER_ENTRY, kept.events, 5);
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
      await kept.processes.endAll();
      kept.port.close();
      await kept.keeper.released(1);
      process.off('worker', count);
      expect(threads).to.equal(0);
    });
  });
});
