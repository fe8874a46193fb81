import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { runCliHere } from '../support/cli-in-process.js';
import { runCli, startCli } from '../support/cli-process.js';
import { withDeadline } from '../support/deadline.js';
import { recordingServer } from '../support/recording-server.js';

describe('bulkhead call', () => {
  // In a process of its own, as the signals below; what the command prints and sends is the same in this one.
  it('prints text content as text, and ends its session with DELETE', async () => {
    const server = await recordingServer();
    const exit = await runCli(['call', server.url, 'greet', '{"name": "Ada"}']);
    expect(exit).to.deep.include({ code: 0, stdout: 'Hello, Ada\n', stderr: '' });
    expect(server.requests.at(-1)).to.equal('DELETE');
  });

  it('prints structured content as JSON, once, and names what is not text', async () => {
    const server = await recordingServer();
    const exit = await runCliHere(['call', server.url, 'measure']);
    expect(exit.stdout).to.equal('measured\n[image: image/png, 3 bytes]\n{\n  "metres": 5\n}\n');
  });

  it('prints the whole result with --json', async () => {
    const server = await recordingServer();
    const exit = await runCliHere(['call', server.url, 'greet', '{"name": "Ada"}', '--json']);
    expect(JSON.parse(exit.stdout)).to.deep.equal({ content: [{ type: 'text', text: 'Hello, Ada' }] });
  });

  for (const kind of ['streamable', 'sse'] as const) {
    it(`prints progress on stderr, also what comes in one chunk with the answer (${kind})`, async () => {
      const server = await recordingServer(kind);
      const exit = await runCliHere(['call', server.url, 'count']);
      expect(exit).to.deep.include({
        code: 0,
        stdout: 'counted\n',
        stderr: 'progress 1/2: step 1\nprogress 2/2: step 2\n',
      });
    });
  }

  it('exits with 1 when the tool reports an error', async () => {
    const server = await recordingServer();
    const exit = await runCliHere(['call', server.url, 'fail']);
    expect(exit).to.deep.include({ code: 1, stdout: '', stderr: 'no such file\n' });
    const raw = await runCliHere(['call', (await recordingServer()).url, 'fail', '--json']);
    expect(raw.code).to.equal(1);
    expect(JSON.parse(raw.stdout)).to.have.property('isError', true);
  });

  it('sends the token from the flag or the variable', async () => {
    for (const { flags, env } of [
      { flags: ['--token', 'hush'], env: {} },
      { flags: [], env: { BULKHEAD_TOKEN: 'hush' } },
    ]) {
      const server = await recordingServer();
      await runCliHere(['call', server.url, 'greet', '{"name": "Ada"}', ...flags], { env });
      expect([...server.authorizations]).to.deep.equal(['Bearer hush']);
    }
  });

  it('falls back to HTTP+SSE where the POST is refused', async () => {
    const server = await recordingServer('sse');
    const exit = await runCliHere(['call', server.url, 'greet', '{"name": "Ada"}']);
    expect(exit).to.deep.include({ code: 0, stdout: 'Hello, Ada\n', stderr: '' });
  });

  it('tells which tools there are when there is none of that name', async () => {
    const server = await recordingServer();
    const exit = await runCliHere(['call', server.url, 'gret']);
    expect(exit.code).to.equal(2);
    expect(exit.stderr).to.equal(
      'bulkhead: The server has no tool "gret" (did you mean "greet"?): it has greet, measure, fail, count, hang.\n',
    );
    expect(server.requests.at(-1)).to.equal('DELETE');
  });

  it('gives up after --timeout', async () => {
    const server = await recordingServer();
    const exit = await runCliHere(['call', server.url, 'hang', '--timeout', '700ms']);
    expect(exit).to.deep.include({ code: 1, stderr: "bulkhead: hang didn't answer within 700ms.\n" });
    await withDeadline(server.aborted, 'the cancelled handler');
  });

  it('gives up after --timeout when the server accepts the connection and says nothing', async () => {
    const silent = createServer(() => undefined);
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    afterThisTest(() => {
      silent.close();
      silent.closeAllConnections();
    });
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/mcp`;
    const exit = await runCliHere(['call', url, 'greet', '--timeout', '300ms']);
    expect(exit).to.deep.include({
      code: 1,
      stderr: `bulkhead: Can't connect to ${url}: no answer within 300ms.\n`,
    });
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`cancels the call at ${signal}, ends the session and exits with ${code}`, async () => {
      const server = await recordingServer();
      const cli = startCli(['call', server.url, 'hang']);
      await withDeadline(server.hanging, 'the call');
      cli.child.kill(signal);
      const exit = await cli.exited();
      expect(exit).to.deep.include({ code, stderr: 'bulkhead: interrupted: hang was cancelled.\n' });
      expect(server.requests.slice(-2)).to.deep.equal(['POST notifications/cancelled', 'DELETE']);
      await withDeadline(server.aborted, 'the cancelled handler');
    });
  }

  it('tells when the server goes away before it begins to answer', async () => {
    const server = await recordingServer();
    const cli = startCli(['call', server.url, 'hang']);
    await withDeadline(server.hanging, 'the call');
    server.vanish();
    const exit = await cli.exited();
    expect(exit.code).to.equal(1);
    expect(exit.stderr).to.match(/^bulkhead: The connection was lost: .+\.\n$/);
  });

  it('tells when the server goes away in the middle of its answer', async () => {
    const server = await recordingServer();
    const cli = startCli(['call', server.url, 'hang', '{"announce": true}']);
    await cli.printed('stderr', /^progress 1$/m);
    server.vanish();
    const exit = await cli.exited();
    expect(exit.code).to.equal(1);
    expect(exit.stderr).to.match(/^progress 1\nbulkhead: The connection was lost: .+\.\n$/);
  });

  it('tells in a sentence why it cannot connect', async () => {
    const closed = createServer();
    await once(closed.listen(0, '127.0.0.1'), 'listening');
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const exit = await runCliHere(['call', `http://127.0.0.1:${port}/mcp`, 'greet']);
    expect(exit).to.deep.include({
      code: 1,
      stdout: '',
      stderr: `bulkhead: Can't connect to http://127.0.0.1:${port}/mcp: connect ECONNREFUSED 127.0.0.1:${port}.\n`,
    });
  });

  describe('refuses with exit code 2', () => {
    const url = 'http://127.0.0.1:9/mcp';
    const cases: [name: string, args: string[], sentence: RegExp][] = [
      [
        'JSON that is none, with the position',
        [url, 'greet', '{"name": Ada}'],
        /^\[json\] is not JSON: unexpected "A" at line 1, column 10\.$/,
      ],
      [
        'JSON that is no object',
        [url, 'greet', '["Ada"]'],
        /^\[json\] is \["Ada"\], but must be a JSON object/,
      ],
      [
        'a URL that is none',
        ['localhost:3000', 'greet'],
        /^<server> is "localhost:3000" \(did you mean "http:\/\/localhost:3000\/mcp"\?\), but must be an http: /,
      ],
      [
        'a timeout that is none',
        [url, 'greet', '--timeout', 'soon'],
        /^--timeout is "soon", but must be a duration/,
      ],
      [
        'a token that is none, unseen',
        [url, 'greet', '--token', 'hush\u00e9'],
        /^--token is a value that is not shown here, but/,
      ],
      ['an era that is none', [url, 'greet', '--era', 'ice'], /^--era is "ice", but must be one of auto, /],
      [
        'an answer without a key',
        [url, 'greet', '--input', '{}'],
        /^--input is "{}", but must be <key>=<json>/,
      ],
      ['an answer that is no JSON', [url, 'greet', '--input', 'user=Ada'], /^--input user is not JSON: /],
      [
        'two answers with one key',
        [url, 'greet', '--input', 'user={}', '--input', 'user={}'],
        /^--input user is given twice/,
      ],
      ['a missing tool', [url], /^missing required argument 'tool'$/],
      ['an unknown flag', [url, 'greet', '--jsn'], /^unknown option '--jsn' \(Did you mean --json\?\)$/],
    ];
    for (const [name, args, sentence] of cases) {
      it(name, async () => {
        const exit = await runCliHere(['call', ...args]);
        expect(exit.code).to.equal(2);
        expect(exit.stdout).to.equal('');
        expect(exit.stderr).to.match(/^bulkhead: .*\n$/);
        expect(exit.stderr.slice('bulkhead: '.length, -1)).to.match(sentence);
      });
    }
  });
});
