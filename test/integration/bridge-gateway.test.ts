/** A stdio client, `bulkhead bridge`, and a gateway. */
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';
import { startBridge } from '../support/bridge.js';
import { afterThisTest } from '../support/cleanup.js';
import { runCliHere } from '../support/cli-in-process.js';
import { until } from '../support/deadline.js';
import { startDroppingProxy } from '../support/dropping-proxy.js';
import { mcpUrl, sharedGateway, startGateway } from '../support/gateway.js';
import { textOf } from '../support/line-client.js';
import { buildRoot } from '../support/project.js';
import { connectStdio } from '../support/stdio-client.js';

const content = (text: string) => ({ content: [{ type: 'text', text }] });

describe("The SDK's stdio client over a bridge to a gateway", () => {
  const shared = sharedGateway();

  it('lists tools, calls them and receives their progress in order', async () => {
    const gateway = shared();
    const { client } = await connectStdio(['bridge', mcpUrl(gateway).href]);
    expect((await client.listTools()).tools.map(({ name }) => name)).to.include('echo');
    const steps: number[] = [];
    const call = { name: 'progress', arguments: { steps: 3, ms: 1, silentMs: 60 } };
    const result = await client.callTool(call, undefined, {
      onprogress: ({ progress }) => void steps.push(progress),
    });
    expect(result.content).to.deep.equal(content('3 steps').content);
    expect(steps).to.deep.equal([1, 2, 3].slice(0, steps.length)).and.not.to.deep.equal([]);
  });

  it('answers what the server asks: its model, and its user', async () => {
    const gateway = shared();
    const url = mcpUrl(gateway).href;
    const { client } = await connectStdio(['bridge', url], { sampling: {}, elicitation: {} }, (one) => {
      one.setRequestHandler(CreateMessageRequestSchema, () => ({
        role: 'assistant',
        model: 'none',
        content: { type: 'text', text: 'said' },
      }));
      one.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'Ada' } }));
    });
    expect(await client.callTool({ name: 'ask', arguments: { prompt: 'Say.' } })).to.deep.include(
      content('said'),
    );
    const elicited = await client.callTool({ name: 'elicit', arguments: { message: 'Who?' } });
    expect(JSON.stringify(elicited.content)).to.include('Ada');
  });

  it('receives what belongs to no request', async () => {
    const gateway = shared();
    const said: unknown[] = [];
    const { client } = await connectStdio(['bridge', mcpUrl(gateway).href], {}, (one) => {
      one.setNotificationHandler(
        LoggingMessageNotificationSchema,
        ({ params }) => void said.push(params.data),
      );
    });
    await client.callTool({ name: 'broadcast', arguments: { texts: ['one', 'two'] } });
    await until(() => said.length === 2, 'two messages');
    expect(said).to.deep.equal(['one', 'two']);
  });

  it('cancels a call', async () => {
    const gateway = shared();
    const cancelled: string[] = [];
    gateway.events.on('request-cancelled', ({ reason }) => void cancelled.push(reason));
    const started = new Promise<void>((resolve) => {
      gateway.events.on('request-started', ({ tool }) => tool === 'slow' && resolve());
    });
    const { client } = await connectStdio(['bridge', mcpUrl(gateway).href]);
    const cancel = new AbortController();
    const call = client.callTool({ name: 'slow', arguments: { ms: 60_000 } }, undefined, {
      signal: cancel.signal,
    });
    await started;
    cancel.abort('no longer');
    await call.then(
      () => expect.fail('it was not cancelled'),
      (error: unknown) => expect(String(error)).to.include('no longer'),
    );
    await until(() => cancelled.length === 1, 'the cancellation');
    expect(cancelled).to.deep.equal(['client']);
    expect(await client.callTool({ name: 'echo', arguments: { text: 'on' } })).to.deep.include(content('on'));
  });

  it('ends its session, and leaves no process', async () => {
    const gateway = await startGateway();
    const ends: string[] = [];
    gateway.events.on('session-ended', ({ reason }) => void ends.push(reason));
    const { client, pid } = await connectStdio(['bridge', mcpUrl(gateway).href]);
    await client.close();
    expect(ends).to.deep.equal(['delete']);
    expect(() => process.kill(pid, 0)).to.throw('ESRCH');
  });

  it('is gone, with its session, when its client is killed', async () => {
    const gateway = await startGateway();
    const ends: string[] = [];
    gateway.events.on('session-ended', ({ reason }) => void ends.push(reason));
    const script = `
      const { spawn } = require('node:child_process');
      const bridge = spawn(process.execPath, ${JSON.stringify([
        join(buildRoot, 'src', 'bin.cjs'),
        'bridge',
        mcpUrl(gateway).href,
      ])}, { stdio: ['pipe', 'pipe', 'inherit'] });
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'n', version: '1' } };
      bridge.stdin.write(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }) + '\\n');
      bridge.stdout.once('data', () => process.kill(process.pid, 'SIGKILL'));
    `;
    spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    await until(() => ends.length === 1 && gateway.sessions().length === 0, 'the end of the session');
    expect(ends).to.deep.equal(['delete']);
  });

  it('goes on with a gateway that was started again', async () => {
    const first = await startGateway();
    const { port } = first.url;
    const { client, stderr } = await connectStdio(['bridge', mcpUrl(first).href]);
    await client.listTools();
    await first.kill();
    await startGateway({ port: Number(port) });
    expect(await client.callTool({ name: 'echo', arguments: { text: 'again' } })).to.deep.include(
      content('again'),
    );
    expect(stderr()).to.include('a new one is opened');
  });

  it('keeps its token out of the arguments and of what it says', async () => {
    const gateway = await startGateway({ token: 'very-secret' });
    const file = join(tmpdir(), `bulkhead-bridge-token-${process.pid}`);
    writeFileSync(file, 'very-secret\n', { mode: 0o600 });
    afterThisTest(() => rmSync(file));
    const { client, stderr } = await connectStdio(['bridge', mcpUrl(gateway).href, '--token-file', file]);
    await client.listTools();
    const byVariable = await connectStdio(['bridge', mcpUrl(gateway).href], {}, undefined, {
      BULKHEAD_TOKEN: 'very-secret',
    });
    await byVariable.client.listTools();
    expect(stderr()).to.equal('');
  });
});

describe('A bridge to a gateway', () => {
  it('resumes a call whose connection is dropped', async () => {
    const gateway = await startGateway({ sseAfter: '0ms' });
    const proxy = await startDroppingProxy(mcpUrl(gateway));
    const { client } = startBridge(proxy.url);
    await client.initialize();
    client.send({
      id: 'call',
      method: 'tools/call',
      params: { name: 'progress', arguments: { steps: 20, ms: 100 }, _meta: { progressToken: 'p' } },
    });
    await client.seen(({ method }) => method === 'notifications/progress');
    proxy.drop();
    expect(textOf(await client.answer('call'))).to.equal('20 steps');
    const steps = client.received.flatMap(({ params }) =>
      params?.progressToken === 'p' ? [params.progress] : [],
    );
    // The gateway adds a step of its own when a call is resumed, between two of the tool's.
    expect(steps.filter(Number.isInteger)).to.deep.equal([...Array(20).keys()].map((step) => step + 1));
  });

  it('opens a new session when its own was ended', async () => {
    const gateway = await startGateway();
    const { client } = startBridge(mcpUrl(gateway));
    await client.initialize();
    const before = textOf(await client.call('whoami'));
    await gateway.endSession(before ?? '');
    const after = textOf(await client.call('whoami'));
    expect(after)
      .to.be.a('string')
      .and.not.match(/^error/)
      .and.not.equal(before);
  });

  it('answers all of a flood of calls, in a session that sleeps in between', async () => {
    const gateway = await startGateway({ sleepAfter: '100ms' });
    const { client } = startBridge(mcpUrl(gateway));
    await client.initialize();
    for (const round of ['a', 'b']) {
      const ids = [...Array(200).keys()].map((number) => `${round}${number}`);
      const answers = ids.map((id) => client.answer(id));
      for (const id of ids)
        client.send({ id, method: 'tools/call', params: { name: 'echo', arguments: { text: id } } });
      expect((await Promise.all(answers)).map(textOf)).to.deep.equal(ids);
      await until(() => gateway.snapshot().sessions.asleep === 1, 'the session to sleep');
    }
  });
});

describe('bulkhead bridge refuses with exit code 2 and one sentence', () => {
  const cases: [name: string, args: string[], sentence: RegExp][] = [
    [
      'an address that is none',
      ['localhost:3000'],
      /^<url> is "localhost:3000", but must be an http: or https: URL/,
    ],
    [
      'a header without a value',
      ['http://a', '--header', 'secret'],
      /^--header is a value that is not shown here/,
    ],
    [
      'a header of its own',
      ['http://a', '--header', 'Mcp-Session-Id: 1'],
      /^--header gives Mcp-Session-Id, which is set for each request anyway/,
    ],
    [
      'a token twice',
      ['http://a', '--token', 'a', '--token-file', 'b'],
      /^--token and --token-file both give/,
    ],
    [
      'a file that is not there',
      ['http://a', '--token-file', '/nowhere'],
      /^--token-file \/nowhere cannot be read/,
    ],
  ];
  for (const [name, args, sentence] of cases) {
    it(name, async () => {
      const exit = await runCliHere(['bridge', ...args]);
      expect(exit).to.include({ code: 2, stdout: '' });
      expect(exit.stderr.replace(/^bulkhead: /, '')).to.match(sentence);
    });
  }
});
