import { existsSync, readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { isAlive } from '../fixtures/children/observed-processes.js';
import { collect, once } from '../support/events.js';
import { expectError, progressOf } from '../support/expectations.js';
import { inProcess, inThread, sessionOf, startCatalogue } from '../support/programs.js';
import { textOf } from '../support/raw-client.js';
import { ownTemporaryFolder } from '../support/temporary-parent.js';

/** A program behaves the same wherever it runs. What floods or fills memory is in the slow tests. */
const PLACES = [
  { place: 'process', program: inProcess },
  { place: 'thread', program: inThread },
] as const;

for (const { place, program } of PLACES) {
  /** One server named `odd`, with these arguments. */
  const oddGateway = (args: readonly string[] = [], entry: object = {}, options: object = {}) =>
    startCatalogue({ odd: program('odd-server.mjs', args, entry) }, options);

  const oddSession = async (args: readonly string[] = [], entry: object = {}, options: object = {}) => {
    const gateway = await oddGateway(args, entry, options);
    return { gateway, client: await sessionOf(gateway, 'odd') };
  };

  describe(`a session whose server is a program in a ${place}`, () => {
    it('is served as over stdio: initialize, lists, calls, errors of the server and of its tools', async () => {
      const gateway = await oddGateway();
      const client = await sessionOf(gateway, 'odd');
      const lists = await client.ask('tools/list');
      const tools = lists.result?.tools as { readonly name: string }[] | undefined;
      expect(tools?.map(({ name }) => name)).to.include('echo');
      expect(textOf(await client.call('echo', { message: 'héllo 🎉\u2028' }))).to.equal('héllo 🎉\u2028');
      expect((await client.call('fail')).error).to.deep.include({
        code: -32000,
        message: 'it failed as it was told to',
      });
      expect((await client.call('tool_error')).result).to.deep.include({ isError: true });
      expect((await client.call('nothing')).error?.code).to.equal(-32602);
    });

    it(`has a ${place} of its own, whose state is nobody else's`, async () => {
      const { gateway, client } = await oddSession();
      const other = await sessionOf(gateway, 'odd');
      expect(textOf(await client.call('count'))).to.equal('1');
      expect(textOf(await client.call('count'))).to.equal('2');
      expect(textOf(await other.call('count'))).to.equal('1');
      const pids = [textOf(await client.call('pid')), textOf(await other.call('pid'))];
      expect(new Set(pids).size).to.equal(place === 'process' ? 2 : 1);
    });

    if (place === 'process') {
      it('has the priority of session threads', async () => {
        const { client } = await oddSession([], {}, { threadNice: 5 });
        const pid = Number(textOf(await client.call('pid')));
        expect(getPriority(pid)).to.equal(Math.min(19, getPriority() + 5));
      });
    }

    it("runs in the folder and with the environment of its entry, and nothing of the gateway's own", async () => {
      process.env.SECRET_OF_THE_GATEWAY = 'hidden';
      process.env.SHARED_WITH_SERVERS = 'shared';
      try {
        const entry = { cwd: '/', env: { OWN: 'value' }, inheritEnv: ['SHARED_WITH_SERVERS'] };
        const { client } = await oddSession([], entry);
        expect(textOf(await client.call('cwd'))).to.equal('/');
        const env = JSON.parse(textOf(await client.call('env'))) as Record<string, string>;
        expect(env).to.include({ OWN: 'value', SHARED_WITH_SERVERS: 'shared', PATH: process.env.PATH });
        expect(env).not.to.have.property('SECRET_OF_THE_GATEWAY');
      } finally {
        delete process.env.SECRET_OF_THE_GATEWAY;
        delete process.env.SHARED_WITH_SERVERS;
      }
    });

    it('has a folder for temporary files, which is removed with it', async () => {
      const folder = ownTemporaryFolder();
      const { gateway, client } = await oddSession();
      const file = textOf(await client.call('temporary'));
      expect(dirname(dirname(file))).to.equal(folder);
      expect(existsSync(file)).to.equal(true);
      await gateway.endSession(client.sessionId ?? '');
      expect(readdirSync(folder)).to.deep.equal([]);
    });

    it('can listen on a socket there, though the folder of the gateway has a long name', async function () {
      if (process.platform === 'win32') this.skip();
      expect(ownTemporaryFolder(60)).to.have.lengthOf(60);
      const { client } = await oddSession();
      const path = textOf(await client.call('listen', { name: 'ssh-0123456789/agent.1234567' }));
      expect(path).to.have.length.within(60, 103);
    });

    it(`is asked questions and given answers, also by a ${place} that took over from another`, async () => {
      const gateway = await oddGateway();
      const client = await sessionOf(gateway, 'odd', { elicitation: {} });
      for (const number of [1, 2]) {
        const { id, stream } = await client.openCall('elicit');
        const question = await stream.message(({ method }) => method === 'elicitation/create');
        await client.respond(question.id ?? '', { action: 'accept', content: { number } });
        const answer = await stream.message((message) => message.id === id && message.method === undefined);
        expect(JSON.parse(textOf(answer))).to.deep.equal({ action: 'accept', content: { number } });
        if (number === 1) expectError(await client.call('exit'));
      }
    });

    it('sends progress with the call that it belongs to', async () => {
      const { client } = await oddSession();
      const { id, stream } = await client.openCall('progress', { steps: 3 }, { progressToken: 'token' });
      await stream.message((message) => message.id === id);
      expect(progressOf(stream.messages, 'token')).to.deep.equal([1, 2, 3]);
    });
  });

  describe(`a program in a ${place} that dies hurts its own session alone`, () => {
    for (const [what, tool, args, message] of [
      ['with exit code 0', 'exit', { code: 0 }, /ended with exit code 0/],
      ['with exit code 7', 'exit', { code: 7 }, /ended with exit code 7/],
      ['by SIGSEGV', 'kill', { signal: 'SIGSEGV' }, /ended by SIGSEGV/],
      ['by SIGKILL', 'kill', { signal: 'SIGKILL' }, /ended by SIGKILL/],
    ] as const) {
      it(`${what}, and the session goes on in a fresh one`, async () => {
        const { gateway, client } = await oddSession();
        const neighbour = await sessionOf(gateway, 'odd');
        await neighbour.call('count');
        await client.call('count');
        const lost = await client.call(tool, args);
        expectError(lost);
        expect(lost.error?.message)
          .to.match(message)
          .and.match(/continues with a fresh (?:process|thread)/);
        expect(textOf(await client.call('count'))).to.equal('1');
        expect(textOf(await neighbour.call('count'))).to.equal('2');
      });
    }

    it('and what it wrote last counts, also without a line break', async () => {
      const { client } = await oddSession();
      expect(textOf(await client.call('partial'))).to.match(/the last line/);
      expect(textOf(await client.call('count'))).to.equal('1');
    });

    it('when it closes its stdin and goes on running', async () => {
      const { client } = await oddSession();
      await client.call('close_stdin');
      expectError(await client.call('hang'));
      expect(textOf(await client.call('count'))).to.equal('1');
    });

    it('when it closes its stdout and goes on running', async () => {
      const { client } = await oddSession();
      const lost = await client.call('close_stdout');
      expect(lost.error?.message).to.match(/closed its stdout and went on running/);
      expect(textOf(await client.call('count'))).to.equal('1');
    });
  });

  describe(`a program in a ${place} that does not start`, () => {
    for (const [what, entry, message] of [
      [
        'a folder that is missing',
        program('odd-server.mjs', [], { cwd: '/no/such/folder' }),
        /an existing folder/,
      ],
      ['one that exits at once', program('odd-server.mjs', ['--exit']), /exit code 3.*API_KEY is missing/],
      [
        'one that never answers initialize',
        program('odd-server.mjs', ['--mute'], { startTimeout: '500ms' }),
        /initialize within 0.5 s/,
      ],
    ] as const) {
      it(`fails its session with a sentence: ${what}`, async () => {
        const gateway = await startCatalogue({ odd: entry, good: program('odd-server.mjs') });
        const failed = await sessionOf(gateway, 'odd').then(
          () => 'it started',
          (error: Error) => error.message,
        );
        expect(failed).to.match(message);
        expect(textOf(await (await sessionOf(gateway, 'good')).call('count'))).to.equal('1');
      });
    }
  });

  describe(`what a program in a ${place} writes`, () => {
    it('is skipped, logged and counted where it is no message', async () => {
      const { gateway, client } = await oddSession(['--chatty']);
      const skipped = collect(gateway.events, 'lines-skipped');
      const logged = collect(gateway.events, 'module-log');
      expect(textOf(await client.call('garbage'))).to.equal('after the garbage');
      await gateway.endSession(client.sessionId ?? '');
      expect(skipped.reduce((sum, { lines }) => sum + lines, 0)).to.equal(5);
      expect(logged.map(({ message }) => message).join('\n')).to.match(/this is no JSON/);
    });

    it('is read whatever its line breaks are, and byte by byte', async () => {
      const { client } = await oddSession(['--crlf']);
      expect(textOf(await client.call('echo', { message: 'a' }))).to.equal('a');
      expect(textOf(await client.call('bytewise', { message: 'slowly, ü' }))).to.equal('slowly, ü');
    });

    it('is passed on with U+FFFD where it is no UTF-8', async () => {
      const { client } = await oddSession();
      expect(textOf(await client.call('not_utf8'))).to.equal('\ufffd\ufffd');
    });

    it('to stderr becomes log lines of its session, at a bounded rate', async () => {
      const { gateway, client } = await oddSession();
      const logged = collect(gateway.events, 'module-log');
      const dropped = collect(gateway.events, 'module-log-dropped');
      await client.call('stderr', { lines: 1_000 });
      await gateway.endSession(client.sessionId ?? '');
      const lines = logged.filter(
        ({ source, context }) => source === 'stderr' && context?.sessionId === client.sessionId,
      );
      expect(lines.length).to.be.within(1, 300);
      expect(lines.length + dropped.reduce((sum, { lines: more }) => sum + more, 0)).to.be.at.least(1_000);
    });
  });

  describe(`the end of a program in a ${place}`, () => {
    it('comes with its session, however it ends: nothing of it is left', async () => {
      const { gateway, client } = await oddSession();
      const left = place === 'process' ? client.call('pid') : client.call('child', { detached: true });
      const pid = Number(textOf(await left));
      await client.delete();
      await once(gateway.events, 'thread-exited');
      await gateway.close();
      expect(isAlive(pid)).to.equal(false);
    });

    for (const [what, flags, child] of [
      ['it ignores EOF and SIGTERM', ['--deaf', '--ignore-sigterm'], undefined],
      ['it has a child in its group', [], { detached: false }],
      ['it has a child that left its group', [], { detached: true }],
      ['it has a child that ignores SIGTERM', [], { stubborn: true, detached: true }],
    ] as const) {
      it(`comes with its session where ${what}`, async () => {
        const { gateway, client } = await oddSession(flags);
        const pids = place === 'process' ? [Number(textOf(await client.call('pid')))] : [];
        if (child !== undefined) pids.push(Number(textOf(await client.call('child', child))));
        expect(pids.map(isAlive)).not.to.include(false);
        await gateway.endSession(client.sessionId ?? '');
        expect(pids.map(isAlive)).not.to.include(true);
      });
    }

    it('comes after cancel-grace to one that spins in a cancelled call', async () => {
      const { gateway, client } = await oddSession([], {}, { cancelGrace: '300ms' });
      const killed = once(gateway.events, 'thread-exited', ({ cause }) => cause === 'killed');
      const { id } = client.startCall('spin');
      await client.notify('notifications/cancelled', { requestId: id, reason: 'enough' });
      await killed;
      expect(textOf(await client.call('count'))).to.equal('1');
    });

    it('does not come to one that is told of a cancelled call and still answers', async () => {
      const { client } = await oddSession([], {}, { cancelGrace: '300ms' });
      await client.call('count');
      const { id } = client.startCall('hang');
      await client.notify('notifications/cancelled', { requestId: id, reason: 'enough' });
      expect(JSON.parse(textOf(await client.call('cancelled')))).to.deep.equal([id]);
      expect(textOf(await client.call('count'))).to.equal('2');
    });
  });
}

describe('a command that is missing', () => {
  it('fails its session with a sentence, and no other server', async () => {
    const gateway = await startCatalogue({
      missing: { command: 'no-such-command' },
      good: inThread('odd-server.mjs'),
    });
    const failed = await sessionOf(gateway, 'missing').then(
      () => 'it started',
      (error: Error) => error.message,
    );
    expect(failed).to.match(/no-such-command\\?" was not found/);
    expect(textOf(await (await sessionOf(gateway, 'good')).call('count'))).to.equal('1');
  });
});
