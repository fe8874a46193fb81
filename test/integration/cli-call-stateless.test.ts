import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { runCliHere } from '../support/cli-in-process.js';
import { runCli, startCli } from '../support/cli-process.js';
import { withDeadline } from '../support/deadline.js';
import { mcpUrl, sharedGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { recordingServer } from '../support/recording-server.js';
import { statelessServer } from '../support/stateless-server.js';

describe('bulkhead call, in the stateless era', () => {
  it('discovers the server, lists its tools and calls one, without a session', async () => {
    const server = await statelessServer();
    const exit = await runCli(['call', server.url, 'greet', '{"name": "Ada"}']);
    expect(exit).to.deep.include({ code: 0, stdout: 'Hello, Ada\n', stderr: '' });
    expect(server.requests).to.deep.equal(['server/discover', 'tools/list', 'tools/call']);
  });

  it('repeats the arguments that are marked for headers, and sends the token', async () => {
    const server = await statelessServer();
    const exit = await runCliHere([
      'call',
      server.url,
      'place',
      '{"region": "Île-de-France"}',
      '--token',
      'hush',
    ]);
    expect(exit).to.deep.include({ code: 0, stdout: 'Île-de-France\n', stderr: '' });
    expect(server.headers()).to.include({
      authorization: 'Bearer hush',
      'mcp-name': 'place',
      'mcp-param-region': `=?base64?${Buffer.from('Île-de-France').toString('base64')}?=`,
    });
  });

  it('prints progress on stderr', async () => {
    const server = await statelessServer();
    const exit = await runCliHere(['call', server.url, 'count']);
    expect(exit).to.deep.include({
      code: 0,
      stdout: 'counted\n',
      stderr: 'progress 1/2: step 1\nprogress 2/2: step 2\n',
    });
  });

  it('exits with 1 when the tool reports an error, and prints the whole result with --json', async () => {
    const server = await statelessServer();
    expect(await runCliHere(['call', server.url, 'fail'])).to.include({ code: 1, stderr: 'no such file\n' });
    const raw = await runCliHere(['call', server.url, 'fail', '--json']);
    expect(raw).to.include({ code: 1, stderr: '' });
    expect(JSON.parse(raw.stdout)).to.include({ isError: true, resultType: 'complete' });
  });

  it('tells which tools there are when there is none of that name', async () => {
    const server = await statelessServer();
    const exit = await runCliHere(['call', server.url, 'gret']);
    expect(exit.code).to.equal(2);
    expect(exit.stderr).to.match(/^bulkhead: The server has no tool "gret" \(did you mean "greet"\?\): /);
  });

  describe('of a tool that asks', () => {
    it('shows what it asks, and the flags that answer it', async () => {
      const server = await statelessServer();
      const exit = await runCliHere(['call', server.url, 'ask']);
      expect(exit).to.deep.include({ code: 1, stdout: '' });
      expect(exit.stderr.split('\n')).to.deep.equal([
        'bulkhead: ask asks for input; call it again with the answers:',
        "  user (elicitation/create): What's your name?",
        `    --input 'user={"name":"…","sure":true}'`,
        '  model (sampling/createMessage): user: Who is it?',
        `    --input 'model="…"'`,
        '',
      ]);
    });

    it('prints the result that asks with --json', async () => {
      const server = await statelessServer();
      const exit = await runCliHere(['call', server.url, 'ask', '--json']);
      expect(exit.code).to.equal(1);
      expect(JSON.parse(exit.stdout)).to.include({ resultType: 'input_required' });
    });

    it('answers', async () => {
      const server = await statelessServer();
      const inputs = ['--input', 'user={"name": "Ada"}', '--input', 'model="A mathematician"'];
      const exit = await runCliHere(['call', server.url, 'ask', ...inputs]);
      expect(exit).to.deep.include({ code: 0, stderr: '' });
      expect(JSON.parse(exit.stdout)).to.deep.equal({
        user: { name: 'Ada' },
        model: { type: 'text', text: 'A mathematician' },
      });
    });

    it('answers round after round, and gives the state back', async () => {
      const server = await statelessServer();
      const inputs = ['--input', 'first={"name": "Ada"}', '--input', 'roots=["file:///here"]'];
      const exit = await runCliHere(['call', server.url, 'ask_twice', ...inputs]);
      expect(exit).to.deep.include({ code: 0, stdout: 'Ada file:///here\n', stderr: '' });
      expect(server.requests.filter((method) => method === 'tools/call')).to.have.length(3);
    });

    it('says which answer is still missing', async () => {
      const server = await statelessServer();
      const exit = await runCliHere(['call', server.url, 'ask_twice', '--input', 'first={"name": "Ada"}']);
      expect(exit.code).to.equal(1);
      expect(exit.stderr).to.include(`  roots (roots/list)\n    --input 'roots=["file:///…"]'\n`);
    });
  });

  it('gives up after --timeout, and closes the response', async () => {
    const server = await statelessServer();
    const exit = await runCliHere(['call', server.url, 'hang', '--timeout', '700ms']);
    expect(exit).to.deep.include({
      code: 1,
      stderr: "progress 1\nbulkhead: hang didn't answer within 700ms.\n",
    });
    await withDeadline(server.aborted, 'the cancelled handler');
  });

  it('cancels the call at SIGINT', async () => {
    const server = await statelessServer();
    const cli = startCli(['call', server.url, 'hang']);
    await withDeadline(server.hanging, 'the call');
    cli.child.kill('SIGINT');
    const exit = await cli.exited();
    expect(exit.code).to.equal(130);
    expect(exit.stderr).to.match(/(^|\n)bulkhead: interrupted: hang was cancelled\.\n$/);
    await withDeadline(server.aborted, 'the cancelled handler');
  });

  it('tells when the server goes away in the middle of its answer', async () => {
    const server = await statelessServer();
    const cli = startCli(['call', server.url, 'hang']);
    await cli.printed('stderr', /^progress 1$/m);
    server.vanish();
    const exit = await cli.exited();
    expect(exit.code).to.equal(1);
    expect(exit.stderr).to.match(/^progress 1\nbulkhead: The connection was lost: .+\.\n$/);
  });
});

describe('bulkhead call --era', () => {
  it('auto has a session where the server speaks no other era', async () => {
    const server = await recordingServer();
    const exit = await runCliHere(['call', server.url, 'greet', '{"name": "Ada"}', '--era', 'auto']);
    expect(exit).to.deep.include({ code: 0, stdout: 'Hello, Ada\n', stderr: '' });
    expect(server.requests.slice(0, 2)).to.deep.equal(['POST server/discover', 'POST initialize']);
  });

  it('auto has a session where the server names no revision of the stateless era', async () => {
    const seen: string[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      if (body === '') {
        response.writeHead(405).end();
        return;
      }
      const { id, method } = JSON.parse(body) as { id: unknown; method: string };
      seen.push(method);
      const data = { supported: ['2025-11-25'], requested: '2026-07-28' };
      const error = { code: -32022, message: 'Unsupported protocol version', data };
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id, error }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterThisTest(() => {
      server.close();
      server.closeAllConnections();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
    await runCliHere(['call', url, 'greet']);
    expect(seen.slice(0, 2)).to.deep.equal(['server/discover', 'initialize']);
    const exit = await runCliHere(['call', url, 'greet', '--era', 'stateless']);
    expect(exit).to.include({
      code: 1,
      stderr: `bulkhead: ${url} doesn't serve the stateless era (--era): HTTP 400: Unsupported protocol version.\n`,
    });
  });

  it('session asks for a session at once', async () => {
    const server = await recordingServer();
    await runCliHere(['call', server.url, 'greet', '{"name": "Ada"}', '--era', 'session']);
    expect(server.requests[0]).to.equal('POST initialize');
  });

  it('stateless asks for nothing else', async () => {
    const server = await recordingServer();
    const exit = await runCliHere(['call', server.url, 'greet', '--era', 'stateless']);
    expect(exit.code).to.equal(1);
    expect(exit.stderr).to.match(
      /^bulkhead: .* doesn't serve the stateless era \(--era\): HTTP 400: .*\.\n$/,
    );
    expect(server.requests).to.deep.equal(['POST server/discover']);
  });

  it('says which answers nothing has asked for', async () => {
    const server = await recordingServer();
    const exit = await runCliHere(['call', server.url, 'greet', '{"name": "Ada"}', '--input', 'user={}']);
    expect(exit).to.deep.include({
      code: 0,
      stderr: 'bulkhead: warning: the server did not ask for --input user.\n',
    });
    expect(server.requests.at(-1)).to.equal('DELETE');
  });
});

describe('bulkhead call, of a tool of Bulkhead that asks its client', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('asking'), affinity: 'request' });

  it('shows what it asks, and answers', async () => {
    const url = String(mcpUrl(gateway()));
    const shown = await runCliHere(['call', url, 'named']);
    expect(shown.code).to.equal(1);
    expect(shown.stderr).to.include(`--input 'user_name={"name":"…"}'\n`);
    const answered = await runCliHere(['call', url, 'named', '--input', 'user_name={"name":"Ada"}']);
    expect(answered).to.deep.include({ code: 0, stdout: 'Hello, Ada!\n', stderr: '' });
  });
});
