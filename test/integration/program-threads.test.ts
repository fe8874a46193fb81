/** A program that runs in a thread sees what it would see in a process, and does the same. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { PATH_ARGUMENTS } from '../../workers/program/path-functions.js';
import { afterThisTest } from '../support/cleanup.js';
import { collect, once } from '../support/events.js';
import { expectError } from '../support/expectations.js';
import { inProcess, inThread, sessionOf, startCatalogue } from '../support/programs.js';
import { type RawClient, textOf } from '../support/raw-client.js';

const SERVERS = { process: inProcess, thread: inThread };
type Place = keyof typeof SERVERS;

/** An empty folder, which is not the gateway's. */
function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bulkhead-test-')));
  afterThisTest(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function curiousSession(place: Place, cwd: string, args: readonly string[] = []) {
  const entry = SERVERS[place]('curious-server.mjs', args, { cwd, env: { OWN: 'value' } });
  const gateway = await startCatalogue({ curious: entry });
  return { gateway, client: await sessionOf(gateway, 'curious') };
}

/** Calls a tool, and collects what it says as progress. */
async function listen(client: RawClient, tool: string, parameters: Record<string, unknown> = {}) {
  const { id, stream } = await client.openCall(tool, parameters, { progressToken: 'said' });
  const answer = await stream.message((message) => message.id === id && message.method === undefined);
  const said = stream.messages.flatMap(({ method, params }) =>
    method === 'notifications/progress' ? [params?.message] : [],
  );
  return { answer, said };
}

/** What a tool answers in a process and in a thread, in the same folder, and what it said. */
async function inBoth(tool: string, parameters: Record<string, unknown> = {}) {
  const cwd = temporaryFolder();
  const outcomes = [];
  for (const place of ['process', 'thread'] as const) {
    rmSync(cwd, { recursive: true });
    mkdirSync(join(cwd, 'sub'), { recursive: true });
    const { client } = await curiousSession(place, cwd);
    const { answer, said } = await listen(client, tool, parameters);
    outcomes.push({ answer: JSON.parse(textOf(answer)) as Record<string, unknown>, said });
  }
  const [process, thread] = outcomes;
  if (process === undefined || thread === undefined) throw new Error('There are two places.');
  return { process, thread };
}

describe('a program in a thread', () => {
  for (const tool of ['identity', 'children', 'child', 'mainOfCommonJs', 'kill', 'descriptors']) {
    it(`sees the same as in a process: ${tool}`, async () => {
      const { process, thread } = await inBoth(tool);
      expect(thread).to.deep.equal(process);
    });
  }

  it('finds files of its own folder with every function of fs, and gets the same errors', async () => {
    const { process, thread } = await inBoth('files');
    expect(Object.keys(process.answer).length).to.be.above(150);
    for (const [call, outcome] of Object.entries(process.answer)) {
      expect(thread.answer[call], call).to.deep.equal(outcome);
    }
    const fixture = readFileSync('test/fixtures/programs/curious-server.mjs', 'utf8');
    for (const name of Object.keys(PATH_ARGUMENTS)) expect(fixture).to.match(new RegExp(`^  ${name}: `, 'm'));
  });

  for (const to of ['sub', 'sub/..', '/', 'missing']) {
    it(`can change its folder to ${to}`, async () => {
      const { process, thread } = await inBoth('chdir', { to });
      expect(thread).to.deep.equal(process);
    });
  }

  it('leaves the folder and the descriptors of the gateway alone', async () => {
    const before = process.cwd();
    const { client } = await curiousSession('thread', temporaryFolder());
    await client.call('chdir', { to: '/' });
    expect(process.cwd()).to.equal(before);
  });

  it('is the main module in CommonJS as well', async () => {
    const gateway = await startCatalogue({ main: inThread('main.cjs') });
    const client = await sessionOf(gateway, 'main');
    const [id, parent, file] = JSON.parse(textOf(await client.call('any'))) as unknown[];
    expect({ id, parent }).to.deep.equal({ id: '.', parent: null });
    expect(file).to.match(/main\.cjs$/);
  });

  it('waits for its client to read, as on a pipe', async () => {
    const { client } = await curiousSession('thread', temporaryFolder());
    const { answer, said } = await listen(client, 'backPressure', { mib: 8 });
    expect(JSON.parse(textOf(answer))).to.deep.equal({ waited: true });
    expect(said.join('').length).to.be.above(8 * 1024 * 1024);
  });

  it('is heard until its last word when it calls process.exit', async () => {
    const { client } = await curiousSession('thread', temporaryFolder());
    const { answer, said } = await listen(client, 'lastWords');
    expectError(answer);
    expect(answer.error?.message).to.match(/it ended with exit code 4/);
    expect(said).to.deep.equal(['called', 'written before exit', 'written at exit']);
  });

  for (const tool of ['throwing', 'rejecting']) {
    it(`dies of an error that nobody handles, and the log has its stack: ${tool}`, async () => {
      const { gateway, client } = await curiousSession('thread', temporaryFolder());
      const logged = collect(gateway.events, 'module-log');
      const died = once(gateway.events, 'thread-exited', ({ cause }) => cause === 'crash');
      void client.call(tool);
      expect((await died).message).to.equal('it crashed: nobody handles this');
      const lines = logged.map(({ message }) => message).join('\n');
      expect(lines).to.match(/Error: nobody handles this\n.*curious-server\.mjs:\d+/);
      expect(JSON.parse(textOf(await client.call('identity')))).to.include({ isMainThread: true });
    });
  }

  it('ends by itself at the end of stdin, which it may also read with for await', async () => {
    const { gateway, client } = await curiousSession('thread', temporaryFolder(), ['--for-await']);
    const logged = collect(gateway.events, 'module-log');
    const ended = once(gateway.events, 'thread-exited');
    await client.call('identity');
    await client.delete();
    expect((await ended).cause).to.equal('ended');
    expect(logged.map(({ message }) => message)).to.include('stdin has ended');
  });
});
