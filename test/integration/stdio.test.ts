/** Sessions over two streams, and `bulkhead stdio`. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { until, withDeadline } from '../support/deadline.js';
import { type Gateway, mcpUrl, renewedGateway, startGateway } from '../support/gateway.js';
import { LineClient, pipes, textOf } from '../support/line-client.js';
import { joined, toolsModule } from '../support/modules.js';
import { buildRoot } from '../support/project.js';
import { connectStdio } from '../support/stdio-client.js';

const tools = fileURLToPath(joined(toolsModule));
const content = (text: string) => ({ content: [{ type: 'text', text }] });

function connect(gateway: Gateway) {
  const { input, output, client } = pipes();
  const session = gateway.connect({ input, output });
  return { client, output, session };
}

/** `bulkhead stdio` as a process whose lines the test writes and reads. */
function startStdio(args: readonly string[] = []) {
  const command = [join(buildRoot, 'src', 'bin.cjs'), 'stdio', tools, '--no-bundle', ...args];
  const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal })),
  );
  afterThisTest(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return { child, client: new LineClient(child.stdin, child.stdout), exited, stderr: () => stderr };
}

describe('A session over two streams', () => {
  const shared = renewedGateway();

  it('begins with initialize; before it, only ping is answered', async () => {
    const { client } = connect(shared());
    expect((await client.request('ping')).result).to.deep.equal({});
    expect((await client.request('server/discover')).error?.code).to.equal(-32601);
    expect((await client.request('tools/list')).error?.message).to.match(/came before initialize/);
    expect((await client.initialize()).result).to.deep.include({ protocolVersion: '2025-11-25' });
    expect((await client.request('initialize')).error?.message).to.match(/already initialized/);
    expect(textOf(await client.call('echo', { text: 'here' }))).to.equal('here');
  });

  it('is a session as any other: it is listed, sleeps, and wakes with its state', async () => {
    const gateway = await startGateway({ sleepAfter: '50ms' });
    const { client } = connect(gateway);
    await client.initialize();
    await client.call('state_set', { key: 'a', value: 1 });
    await until(() => gateway.snapshot().sessions.asleep === 1, 'the session to sleep');
    expect(gateway.sessions().map(({ context }) => context.transport)).to.deep.equal(['stdio']);
    expect(textOf(await client.call('state_get', { key: 'a' }))).to.include('1');
  });

  it('goes on in a new thread when its own has crashed', async () => {
    const { client } = connect(shared());
    await client.initialize();
    expect(textOf(await client.call('exit', { code: 3 }))).to.match(/^error: This session's thread ended/);
    expect(textOf(await client.call('echo', { text: 'on' }))).to.equal('on');
  });

  it('answers lines that are not JSON-RPC with an error', async () => {
    const { client } = connect(shared());
    client.write('{"half":\r\n\n[]\n');
    await client.seen(({ error }) => error?.code === -32700);
    await client.seen(({ error }) => error?.code === -32600);
    expect((await client.initialize()).result).to.be.an('object');
  });

  it('lets requests in flight finish at the end of the input', async () => {
    const gateway = shared();
    const { client, session } = connect(gateway);
    await client.initialize();
    const called = client.call('slow', { ms: 100 });
    client.end();
    expect(textOf(await called)).to.not.match(/^error/);
    expect(await session.ended).to.equal('client');
    expect(gateway.sessions()).to.deep.equal([]);
  });

  it('does not wait for longer than drain-timeout', async () => {
    const gateway = await startGateway({ drainTimeout: '50ms' });
    const { client, session } = connect(gateway);
    await client.initialize();
    const called = client.call('slow', { ms: 60_000 });
    client.end();
    expect(textOf(await called)).to.match(/^error: The request was cancelled/);
    await session.ended;
  });

  it('ends at once when nobody reads its output any more', async () => {
    const gateway = shared();
    const { client, session, output } = connect(gateway);
    await client.initialize();
    client.send({ id: 'slow', method: 'tools/call', params: { name: 'slow', arguments: { ms: 60_000 } } });
    await until(() => gateway.snapshot().requestsInFlight === 1, 'the call');
    output.destroy(Object.assign(new Error('nobody reads'), { code: 'EPIPE' }));
    await withDeadline(session.ended, 'the end of the session');
    expect(gateway.sessions()).to.deep.equal([]);
  });

  it('makes its server wait while its client does not read', async () => {
    const gateway = shared();
    const { client } = connect(gateway);
    await client.initialize();
    client.pause();
    client.send({
      id: 'flood',
      method: 'tools/call',
      params: { name: 'flood', arguments: { count: 200, bytes: 64 * 1024 } },
    });
    let before = 0;
    await until(async () => {
      const now = gateway.snapshot().bufferedBytes;
      await new Promise((resolve) => setTimeout(resolve, 100));
      const still = now > 0 && now === before;
      before = now;
      return still;
    }, 'the server to wait');
    // Characters count two bytes each; 1 Mi characters and a message of credit.
    expect(before).to.be.at.most(2 * (1024 * 1024 + 2 * 65 * 1024));
    client.resume();
    await client.answer('flood');
    expect(gateway.snapshot().bufferedBytes).to.equal(0);
  });

  it('ends with its gateway, which waits for it', async () => {
    const gateway = await startGateway();
    const { client, session } = connect(gateway);
    await client.initialize();
    await gateway.close();
    expect(await session.ended).to.equal('gateway');
  });

  it('lives beside clients over HTTP', async () => {
    const gateway = await startGateway();
    const { client } = connect(gateway);
    await client.initialize();
    const bridged = await connectStdio(['bridge', mcpUrl(gateway).href]);
    const [own, other] = await Promise.all([
      client.call('whoami').then(textOf),
      bridged.client.callTool({ name: 'whoami', arguments: {} }),
    ]);
    expect(JSON.stringify(other.content)).to.not.include(own ?? '');
  });
});

describe("The SDK's stdio client with bulkhead stdio", () => {
  it('lists and calls tools, answers the server, and leaves no process', async () => {
    const said: unknown[] = [];
    const { client, pid } = await connectStdio(
      ['stdio', tools, '--no-bundle'],
      { sampling: {}, elicitation: {} },
      (one) => {
        one.setRequestHandler(CreateMessageRequestSchema, () => ({
          role: 'assistant',
          model: 'none',
          content: { type: 'text', text: 'said' },
        }));
        one.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'Ada' } }));
        one.setNotificationHandler(
          LoggingMessageNotificationSchema,
          ({ params }) => void said.push(params.data),
        );
      },
    );
    expect((await client.listTools()).tools.map(({ name }) => name)).to.include('echo');
    expect(await client.callTool({ name: 'ask', arguments: { prompt: 'Say.' } })).to.deep.include(
      content('said'),
    );
    const elicited = await client.callTool({ name: 'elicit', arguments: { message: 'Who?' } });
    expect(JSON.stringify(elicited.content)).to.include('Ada');
    const steps: number[] = [];
    await client.callTool({ name: 'progress', arguments: { steps: 3 } }, undefined, {
      onprogress: ({ progress }) => void steps.push(progress),
    });
    await client.callTool({ name: 'broadcast', arguments: { texts: ['one'] } });
    await until(() => said.includes('one'), 'the message');
    expect(steps).to.deep.equal([1, 2, 3].slice(0, steps.length));
    await client.close();
    expect(() => process.kill(pid, 0)).to.throw('ESRCH');
  });
});

describe('bulkhead stdio', () => {
  it('writes nothing but messages to stdout, and exits with 0 when stdin ends', async () => {
    const { client, exited, stderr } = startStdio();
    await client.initialize();
    await client.call('print', { message: 'printed by a tool' });
    client.end();
    expect(await exited).to.deep.equal({ code: 0, signal: null });
    expect(client.strange).to.deep.equal([]);
    expect(stderr()).to.include('printed by a tool');
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends what it started, and exits with 0, at ${signal}`, async () => {
      const { child, client, exited } = startStdio();
      await client.initialize();
      client.send({ id: 'slow', method: 'tools/call', params: { name: 'slow', arguments: { ms: 60_000 } } });
      await client.request('ping');
      child.kill(signal);
      expect(await exited).to.deep.equal({ code: 0, signal: null });
    });
  }

  it('is gone when its client is killed in the middle of a call', async () => {
    const args = [
      join(buildRoot, 'src', 'bin.cjs'),
      'stdio',
      tools,
      '--no-bundle',
      '--drain-timeout',
      '100ms',
    ];
    const script = `
      const server = require('node:child_process').spawn(process.execPath, ${JSON.stringify(args)}, {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      process.stdout.write(server.pid + '\\n');
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'n', version: '1' } };
      const send = (message) => server.stdin.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
      send({ id: 1, method: 'initialize', params });
      send({ id: 2, method: 'tools/call', params: { name: 'slow', arguments: { ms: 60000 } } });
      server.stdout.once('data', () => process.kill(process.pid, 'SIGKILL'));
    `;
    const client = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    let printed = '';
    client.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    await new Promise((resolve) => client.on('close', resolve));
    const pid = Number(printed);
    expect(pid).to.be.above(0);
    await until(() => !isRunning(pid), 'the end of the process');
  });

  it('serves HTTP as well with --listen', async () => {
    const { client, exited, stderr } = startStdio(['--listen', '--port', '0', '--admin-port', '0']);
    await client.initialize();
    const url = /"url":"([^"]+)"/.exec(stderr())?.[1] ?? '';
    const bridged = await connectStdio(['bridge', url]);
    expect(await bridged.client.callTool({ name: 'echo', arguments: { text: 'both' } })).to.deep.include(
      content('both'),
    );
    await bridged.client.close();
    client.end();
    expect((await exited).code).to.equal(0);
  });

  it('says so, and exits with 1, when the session ends before its client', async () => {
    const { client, exited, stderr } = startStdio(['--session-max-age', '1s']);
    await client.initialize();
    expect((await exited).code).to.equal(1);
    expect(stderr()).to.include('the session has ended; the log says why');
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH: there is no such process.
    return false;
  }
}
