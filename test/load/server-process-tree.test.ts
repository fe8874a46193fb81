import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { ProcFiles } from '../../load/server/proc-files.js';
import { ProcessTree } from '../../load/server/process-tree.js';
import { ServerUnreadable } from '../../load/server/server-unreadable.js';
import { afterThisTest } from '../support/cleanup.js';
import { withDeadline } from '../support/deadline.js';
import { buildRoot } from '../support/project.js';

const MEBIBYTE = 1024 * 1024;

/** A Node process that runs each expression that it receives over IPC, and answers when that is done. */
interface Puppet {
  readonly pid: number;
  run(expression: string): Promise<unknown>;
  end(): Promise<void>;
}

/** `work(ms)` uses processor time. `used()` returns how much this process has used, in milliseconds. */
const WORK = `
  const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
  const work = (ms) => { const until = used() + ms; while (used() < until) for (let i = 0; i < 1e6; i++) Math.sqrt(i); };`;

const PUPPET = `${WORK}
  const { spawn, spawnSync } = require('node:child_process');
  const fs = require('node:fs');
  const PUPPET = process.env.PUPPET;
  process.on('message', async (expression) => process.send({ value: await eval(expression) }));
  process.send({ value: 'ready' });
`;

async function startPuppet(): Promise<Puppet> {
  const child = spawn(process.execPath, ['-e', PUPPET], {
    env: { ...process.env, PUPPET },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  afterThisTest(end);
  await answer(child);
  return {
    pid: child.pid!,
    end,
    run: async (expression) => {
      const answered = answer(child);
      child.send(expression);
      return answered;
    },
  };
}

async function answer(child: ChildProcess): Promise<unknown> {
  const [message] = await withDeadline(once(child, 'message'), 'the answer of a child process', 10_000);
  return (message as { value: unknown }).value;
}

/** A puppet keeps one beside it until the end of the test, and answers with its process id. */
const SLEEPER = `new Promise((resolve) => {
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("up"); setInterval(() => {}, 1e6)'], { stdio: ['pipe', 'pipe', 'inherit'] });
  (globalThis.children ??= []).push(child);
  child.stdout.once('data', () => resolve(child.pid));
})`;

function endAfterThisTest(pid: unknown): void {
  afterThisTest(() => {
    process.kill(Number(pid), 'SIGKILL');
  });
}

describe('the process tree of a server', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  describe('with real processes', () => {
    it('counts the descriptors, memory and threads of the process', async () => {
      const puppet = await startPuppet();
      const tree = new ProcessTree(puppet.pid);
      const before = tree.sample()!;
      expect(before).to.deep.include({ processes: 1, cpuMs: 0 });
      expect(before.threads).to.be.within(2, 40);
      expect(before.residentBytes).to.be.within(20 * MEBIBYTE, 200 * MEBIBYTE);

      await puppet.run('globalThis.files = Array.from({ length: 40 }, () => fs.openSync("/dev/null")), 1');
      await puppet.run('globalThis.bytes = Buffer.alloc(64 * 1024 * 1024, 1), 1');
      const workers = `Promise.all(Array.from({ length: 3 }, () => new Promise((resolve) =>
        new (require('node:worker_threads').Worker)('setInterval(() => {}, 1e6)', { eval: true }).on('online', resolve)))), 1`;
      await puppet.run(workers);
      const after = tree.sample()!;
      expect(after.descriptors - before.descriptors).to.be.within(40, 60);
      expect(after.residentBytes - before.residentBytes).to.be.within(60 * MEBIBYTE, 160 * MEBIBYTE);
      expect(after.threads - before.threads).to.be.at.least(3);
    });

    it('counts processor time of the process from the first sample on', async () => {
      const puppet = await startPuppet();
      const begin = Number(await puppet.run('work(300), used()'));
      const tree = new ProcessTree(puppet.pid);
      expect(tree.sample()?.cpuMs).to.equal(0);
      const end = Number(await puppet.run('work(200), used()'));
      expect(tree.sample()?.cpuMs).to.be.closeTo(end - begin, 100);
    });

    it('counts children and their children', async () => {
      const puppet = await startPuppet();
      const tree = new ProcessTree(puppet.pid);
      const before = tree.sample()!;
      const grandchild = `new Promise((resolve) => {
        const child = spawn(process.execPath, ['-e', PUPPET], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
        globalThis.child = child;
        child.on('message', ({ value }) => {
          if (value === 'ready') child.send(${JSON.stringify(SLEEPER)});
          else resolve([child.pid, value]);
        });
      })`;
      const pids = (await puppet.run(grandchild)) as number[];
      for (const pid of pids) endAfterThisTest(pid);
      const after = tree.sample()!;
      expect(after.processes).to.equal(3);
      expect(after.threads).to.be.at.least(before.threads + 4);
      expect(after.residentBytes - before.residentBytes).to.be.above(40 * MEBIBYTE);
      expect(after.cpuMs).to.be.above(0);
    });

    it('keeps a process whose parent ended', async () => {
      const puppet = await startPuppet();
      const tree = new ProcessTree(puppet.pid);
      const shell = `new Promise((resolve) => {
        const child = spawn('sh', ['-c', 'sleep 1000 & echo $!; read line'], { stdio: ['pipe', 'pipe', 'inherit'] });
        globalThis.shell = child;
        child.stdout.once('data', (text) => resolve(Number(text)));
      })`;
      endAfterThisTest(await puppet.run(shell));
      expect(tree.sample()?.processes).to.equal(3);
      await puppet.run('new Promise((resolve) => { shell.once("exit", resolve); shell.stdin.end(); })');
      expect(tree.sample()?.processes).to.equal(2);
    });

    it('counts a child that came and went between two samples, once', async () => {
      const puppet = await startPuppet();
      const tree = new ProcessTree(puppet.pid);
      tree.sample();
      const begin = Number(await puppet.run('used()'));
      const burn = `${WORK} work(400); process.stdout.write(String(used()))`;
      const child = await puppet.run(
        `spawnSync(process.execPath, ['-e', ${JSON.stringify(burn)}]).stdout.toString()`,
      );
      const usedMs = Number(child) + Number(await puppet.run('used()')) - begin;
      // The child's own report is from before its exit.
      expect(tree.sample()?.cpuMs).to.be.closeTo(usedMs, 150);
      expect(tree.sample()?.cpuMs).to.be.closeTo(usedMs, 150);
    });

    it('counts a child that was seen and has ended, once', async () => {
      const puppet = await startPuppet();
      const tree = new ProcessTree(puppet.pid);
      tree.sample();
      const burn = `${WORK} work(400); process.stdout.write('x'); process.stdin.resume()`;
      await puppet.run(`new Promise((resolve) => {
        globalThis.burner = spawn(process.execPath, ['-e', ${JSON.stringify(burn)}], { stdio: ['pipe', 'pipe', 'inherit'] });
        burner.stdout.once('data', resolve);
      }).then(() => 1)`);
      const seen = tree.sample()!;
      expect(seen.processes).to.equal(2);
      expect(seen.cpuMs).to.be.at.least(380);
      await puppet.run(
        'new Promise((resolve) => { burner.once("exit", resolve); burner.stdin.end(); }).then(() => 1)',
      );
      // Counting twice would add at least another 400.
      const after = tree.sample()!;
      expect(after.processes).to.equal(1);
      expect(after.cpuMs - seen.cpuMs).to.be.within(0, 300);
    });

    it('has no more samples when the process has ended', async () => {
      const puppet = await startPuppet();
      const tree = new ProcessTree(puppet.pid);
      expect(tree.sample()).not.to.equal(undefined);
      await puppet.end();
      expect(tree.sample()).to.equal(undefined);
      expect(() => new ProcessTree(puppet.pid)).to.throw(
        ServerUnreadable,
        `There is no process ${puppet.pid}.`,
      );
    });

    it("reads this machine's files from another user's process, or says why it can't", function () {
      if (process.getuid?.() !== 0) this.skip();
      const address = (file: string): string => pathToFileURL(join(buildRoot, 'load/server', file)).href;
      const script = `
        import { ProcessTree } from ${JSON.stringify(address('process-tree.js'))};
        process.setuid(65534);
        try { console.log(JSON.stringify(new ProcessTree(${process.pid}).sample())); } catch (error) { console.log(error.message); }`;
      const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
      });
      expect(stdout).to.match(/^\{"processes":\d+|^The descriptors of process \d+ cannot be read/);
    });
  });

  describe('by the files of /proc', () => {
    it('tells its figures, whatever the name of the program', () => {
      const machine = fakeMachine();
      machine.process({ pid: 10, parent: 1, name: 'a) R 99 (b c', own: [3, 4], threads: 7, kibibytes: 2048 });
      machine.process({ pid: 11, parent: 10, threads: 1, kibibytes: 1024, descriptors: 3 });
      machine.process({ pid: 12, parent: 1, threads: 50 });
      const tree = new ProcessTree(10, { files: machine.files });
      expect(tree.sample()).to.deep.equal({
        processes: 2,
        threads: 8,
        descriptors: 3,
        residentBytes: 3 * MEBIBYTE,
        cpuMs: 0,
      });
      machine.process({ pid: 10, parent: 1, own: [13, 14] });
      expect(tree.sample()?.cpuMs).to.equal(200);
    });

    it('does not take another process with the same id for the one that ended', () => {
      const machine = fakeMachine();
      machine.process({ pid: 10, parent: 1, own: [5, 0], startedAt: 100 });
      const tree = new ProcessTree(10, { files: machine.files });
      tree.sample();
      machine.process({ pid: 10, parent: 1, own: [50, 0], startedAt: 200 });
      expect(tree.sample()).to.equal(undefined);
    });

    it('counts no process that has ended and was not waited for', () => {
      const machine = fakeMachine();
      machine.process({ pid: 10, parent: 1 });
      machine.process({ pid: 11, parent: 10, state: 'Z' });
      expect(new ProcessTree(10, { files: machine.files }).sample()?.processes).to.equal(1);
      expect(() => new ProcessTree(11, { files: machine.files })).to.throw('There is no process 11.');
    });

    it('counts the last bit of a child when its parent has waited for it, also when both end at once', () => {
      const machine = fakeMachine();
      machine.process({ pid: 10, parent: 1 });
      const tree = new ProcessTree(10, { files: machine.files });
      tree.sample();
      machine.process({ pid: 11, parent: 10, own: [20, 0] });
      machine.process({ pid: 12, parent: 11, own: [30, 0] });
      expect(tree.sample()?.cpuMs).to.equal(500);
      machine.gone(12);
      machine.gone(11);
      expect(tree.sample()?.cpuMs).to.equal(500);
      machine.process({ pid: 10, parent: 1, children: [53, 0] });
      expect(tree.sample()?.cpuMs).to.equal(530);
      machine.process({ pid: 10, parent: 1, children: [60, 0] });
      expect(tree.sample()?.cpuMs).to.equal(600);
    });

    it("asks to be run as the server's user where it can't read the descriptors", () => {
      const machine = fakeMachine();
      machine.process({ pid: 10, parent: 1 });
      class OfAnotherUser extends ProcFiles {
        override descriptors(): number {
          throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
        }
      }
      const tree = new ProcessTree(10, { files: new OfAnotherUser(machine.root) });
      expect(() => tree.sample()).to.throw(
        ServerUnreadable,
        "The descriptors of process 10 cannot be read, because it is another user's: run the load as that user or as root.",
      );
    });
  });

  it('needs Linux', () => {
    expect(() => new ProcessTree(process.pid, { platform: 'darwin' })).to.throw(
      ServerUnreadable,
      "--pid needs Linux's /proc, which this system doesn't have.",
    );
  });
});

interface FakeProcess {
  readonly pid: number;
  readonly parent: number;
  readonly name?: string;
  readonly state?: string;
  /** Clock ticks in user and system mode. */
  readonly own?: readonly [number, number];
  readonly children?: readonly [number, number];
  readonly threads?: number;
  readonly startedAt?: number;
  readonly kibibytes?: number;
  readonly descriptors?: number;
}

/** A folder that looks like /proc. */
function fakeMachine() {
  const root = mkdtempSync(join(tmpdir(), 'bulkhead-proc-'));
  afterThisTest(() => rmSync(root, { recursive: true }));
  const folderOf = (pid: number): string => join(root, String(pid));
  return {
    root,
    files: new ProcFiles(root),
    gone: (pid: number): void => rmSync(folderOf(pid), { recursive: true }),
    process: (fake: FakeProcess): void => {
      const { pid, parent, name = 'node', state = 'S', own = [0, 0], children = [0, 0] } = fake;
      const { threads = 1, startedAt = 100, kibibytes = 0, descriptors = 0 } = fake;
      mkdirSync(join(folderOf(pid), 'fd'), { recursive: true });
      const numbers = [parent, 1, 1, 0, -1, 4194304, 1, 1, 1, 1, ...own, ...children, 20, 0, threads, 0];
      writeFileSync(
        join(folderOf(pid), 'stat'),
        `${pid} (${name}) ${state} ${numbers.join(' ')} ${startedAt} 9 9\n`,
      );
      writeFileSync(
        join(folderOf(pid), 'status'),
        `Name:\t${name}\nVmRSS:\t   ${kibibytes} kB\nThreads:\t1\n`,
      );
      for (let index = 0; index < descriptors; index += 1) {
        writeFileSync(join(folderOf(pid), 'fd', String(index)), '');
      }
    },
  };
}
