/** Programs of sessions get SIGTERM from the system when the gateway is killed, where `setpriv` offers that. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect } from 'chai';
import { withParentDeathSignal } from '../../workers/child-keeper/parent-death-signal.js';
import { isAlive } from '../fixtures/children/observed-processes.js';
import { afterThisTest } from '../support/cleanup.js';
import { ClientFiles } from '../support/client-files.js';
import { until } from '../support/deadline.js';

/** Its thread starts the command, prints its id once it is that command, and ends at the end of stdin. */
const STARTER = `
  const { Worker } = require('node:worker_threads');
  const workerData = process.argv.slice(1);
  const thread = new Worker(\`
    const { parentPort, workerData } = require('node:worker_threads');
    const [command, ...args] = workerData;
    const child = require('node:child_process').spawn(command, args, { stdio: 'ignore', detached: true });
    const timer = setInterval(() => {
      const name = require('node:fs').readFileSync('/proc/' + child.pid + '/comm', 'latin1').trim();
      if (name !== 'sleep') return;
      clearInterval(timer);
      parentPort.postMessage(child.pid);
    }, 5);\`, { eval: true, workerData });
  thread.on('message', (pid) => console.log(pid));
  process.stdin.on('end', () => thread.terminate()).resume();
  setInterval(() => {}, 1000);`;

const env = { PATH: process.env.PATH ?? '' };

function wrapped(command: string, more: { cwd?: string; env?: Record<string, string> } = {}): boolean {
  const [program, args] = withParentDeathSignal({ command, args: ['one'], cwd: '/', env, ...more });
  if (program === command) {
    expect(args).to.deep.equal(['one']);
    return false;
  }
  expect(basename(program)).to.equal('setpriv');
  expect(args.slice(-2)).to.deep.equal([command, 'one']);
  return true;
}

describe('The signal at the death of the gateway', () => {
  let files: ClientFiles;
  before(function () {
    if (spawnSync('setpriv', ['--pdeathsig', 'TERM', '--', 'setpriv', '--version']).status !== 0) this.skip();
  });
  beforeEach(() => {
    files = new ClientFiles();
  });

  function script(name: string, text: string, mode = 0o755): string {
    mkdirSync(files.path('bin'), { recursive: true });
    const path = files.path(`bin/${name}`);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }

  it('ends a program when the thread that started it ends', async () => {
    const [command, args] = withParentDeathSignal({ command: 'sleep', args: ['600'], cwd: '/', env });
    // In a process of its own, because nobody reaps what a thread has started that has ended.
    const starter = spawn(process.execPath, ['-e', STARTER, command, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    afterThisTest(async () => {
      starter.kill('SIGKILL');
      await once(starter, 'close');
    });
    const [printed] = await once(starter.stdout, 'data');
    const pid = Number(String(printed));
    afterThisTest(() => void (isAlive(pid) && process.kill(pid, 'SIGKILL')));
    expect(isAlive(pid)).to.equal(true);
    starter.stdin.end();
    await until(() => !isAlive(pid), 'the end of the program');
  });

  it('leaves it its process id and its arguments', async () => {
    const [command, args] = withParentDeathSignal({
      command: 'sh',
      args: ['-c', 'echo $$ $0'],
      cwd: '/',
      env,
    });
    const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [printed] = await once(child.stdout, 'data');
    expect(String(printed)).to.equal(`${child.pid} sh\n`);
    await once(child, 'close');
  });

  describe('is for commands that can be started', () => {
    it('by a path, from the folder that they start in', () => {
      script('here', '#!/bin/sh\n');
      expect(wrapped('./here', { cwd: files.path('bin') })).to.equal(true);
      expect(wrapped(files.path('bin/here'))).to.equal(true);
    });

    it('by a name, in the PATH of their entry, relative folders included', () => {
      script('found', '#!/bin/sh\n');
      expect(wrapped('found')).to.equal(false);
      expect(wrapped('found', { env: { PATH: `/nowhere:${files.path('bin')}` } })).to.equal(true);
      expect(wrapped('found', { cwd: files.home, env: { PATH: 'bin' } })).to.equal(true);
      expect(wrapped('found', { cwd: files.path('bin'), env: { PATH: ':/nowhere' } })).to.equal(true);
    });

    it('by a name that is everywhere, without a PATH', () => {
      expect(wrapped('sh', { env: {} })).to.equal(true);
    });
  });

  describe('is not for others, whose error is to be their own', () => {
    it('because they do not exist', () => {
      expect(wrapped('no-such-command')).to.equal(false);
      expect(wrapped('./sh')).to.equal(false);
    });

    it('because they are no programs', () => {
      expect(wrapped(script('text', 'text', 0o644))).to.equal(false);
      expect(wrapped(files.home)).to.equal(false);
    });

    it('because their interpreter does not exist', () => {
      expect(wrapped(script('orphan', '#! /nowhere/python3 -u\n'))).to.equal(false);
    });
  });
});
