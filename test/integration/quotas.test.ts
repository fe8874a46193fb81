/** Quotas of principals and addresses, and tools that are closed, over all transports of HTTP, with real threads and processes. */
import { Agent, type IncomingMessage, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Authentication } from '../../src/index.js';
import { afterThisTest } from '../support/cleanup.js';
import { until } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import { type Gateway, type GatewayOptions, rawClient, sseUrl, startGateway } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { fixtureModule } from '../support/modules.js';
import { startCatalogue } from '../support/programs.js';
import { initializeRequest, type JsonRpcMessage, type RawClient, textOf } from '../support/raw-client.js';
import { StatelessCaller, textIn } from '../support/stateless-caller.js';

const serverModule = fixtureModule('greedy');
const ISSUER = 'https://issuer.example';
/** On a busy machine, threads have little processor time to use up. */
const PATIENCE_MS = 60_000;

/** Who asks is in a header. */
function authenticate({ headers }: IncomingMessage): Authentication {
  return { issuer: ISSUER, subject: String(headers['x-user'] ?? 'nobody') };
}

function greedyGateway(options: Partial<GatewayOptions>): Promise<Gateway> {
  return startGateway({ serverModule, affinity: 'request', authenticate, ...options });
}

function clientOf(gateway: Gateway, user: string): RawClient {
  return rawClient(gateway, { headers: { 'x-user': user } });
}

async function sessionOf(gateway: Gateway, user: string): Promise<RawClient> {
  const client = clientOf(gateway, user);
  await client.initialize();
  return client;
}

const as = (user: string) => ({ headers: { 'x-user': user } });

function quotaIn(error: JsonRpcMessage['error']): unknown {
  return (error?.data as { quota?: unknown } | undefined)?.quota;
}

function reasonIn(error: JsonRpcMessage['error']): unknown {
  return (error?.data as { reason?: unknown } | undefined)?.reason;
}

describe('A quota of sessions', () => {
  it('ends the idle session of its principal for a new one; while all are in use, it answers 503', async () => {
    const gateway = await greedyGateway({ quotaSessions: 2 });
    const ended = collect(gateway.events, 'session-ended');
    const refusals = collect(gateway.events, 'quota-refused');
    const [first, second] = [await sessionOf(gateway, 'ada'), await sessionOf(gateway, 'ada')];
    for (const client of [first, second]) await client.call('echo', { text: 'used' });
    const bob = await sessionOf(gateway, 'bob');
    await sessionOf(gateway, 'ada');
    expect(ended.map(({ reason, context }) => [reason, context.sessionId])).to.deep.equal([
      ['evicted', first.sessionId],
    ]);
    expect(textOf(await bob.call('echo', { text: 'still here' }))).to.equal('still here');
    const working = second.startCall('wait', { ms: 60_000 });
    const refused = await clientOf(gateway, 'ada').post(initializeRequest(1));
    // The one that was just opened may not be ended yet.
    expect(refused.status).to.equal(503);
    expect(refused.headers['retry-after']).to.match(/^\d+$/);
    expect(quotaIn((await refused.json()).error)).to.equal('sessions');
    expect(refusals.map(({ quota, principal }) => [quota, principal])).to.deep.equal([
      ['sessions', `${ISSUER} ada`],
    ]);
    const legacy = await clientOf(gateway, 'ada').send('GET', undefined, {}, sseUrl(gateway));
    expect(legacy.status).to.equal(503);
    expect(quotaIn((await legacy.json()).error)).to.equal('sessions');
    working.exchange.destroy();
    await second.delete();
    await sessionOf(gateway, 'ada');
  });

  it('counts streams of the older transport that nobody has initialized', async () => {
    const gateway = await greedyGateway({ quotaSessions: 1 });
    const open = () => clientOf(gateway, 'ada').send('GET', undefined, {}, sseUrl(gateway));
    const first = await open();
    expect(first.status).to.equal(200);
    expect((await open()).status).to.equal(503);
    first.incoming.destroy();
    await until(() => gateway.sessions().length === 0, 'the session to be gone');
    const again = await open();
    expect(again.status).to.equal(200);
    again.incoming.destroy();
  });
});

describe('A quota of requests a second', () => {
  it('refuses in both eras and over the older transport, so that the model is told; then it takes them again', async () => {
    const gateway = await greedyGateway({ quotaRate: 0.5, isolation: 'thread' });
    const log = collect(gateway.events, 'quota-refused');
    const client = await sessionOf(gateway, 'ada');
    const caller = new StatelessCaller(gateway.url, {});
    const legacy = await LegacyClient.connect(gateway);
    const burst = await Promise.all(
      Array.from({ length: 60 }, () =>
        client.post({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'nothing' } }),
      ),
    );
    const answers = await Promise.all(burst.map((response) => response.status));
    expect(new Set(answers)).to.deep.equal(new Set([200]));
    const refused = await client.call('echo', { text: 'x' });
    expect(quotaIn(refused.error)).to.equal('rate');
    expect(refused.error?.message).to.match(/Call again in \d+ s\.$/);
    const stateless = await caller.call('echo', { text: 'x' }, {}, as('ada'));
    expect([stateless.status, stateless.error?.code, quotaIn(stateless.error)]).to.deep.equal([
      200,
      -31_000,
      'rate',
    ]);
    const opening = await clientOf(gateway, 'ada').post(initializeRequest(1));
    expect(opening.status).to.equal(503);
    // A whole request takes two seconds to come back, less what has passed of them.
    expect(opening.headers['retry-after']).to.be.oneOf(['1', '2']);
    // Somebody else's.
    expect(textIn(await caller.call('echo', { text: 'bob' }, {}, as('bob')))).to.equal('bob');
    for (let count = 0; count < 60; count += 1)
      await legacy.post({
        jsonrpc: '2.0',
        id: `l${count}`,
        method: 'tools/call',
        params: { name: 'echo', arguments: { text: 'x' } },
      });
    const told = await legacy.stream.message(
      ({ error }) => quotaIn(error) === 'rate',
      'a refusal on the stream',
    );
    expect(told.id).to.match(/^l\d+$/);
    expect(log.filter(({ unreported }) => unreported !== undefined).length).to.equal(
      new Set(log.map(({ principal }) => principal)).size,
    );
    await until(
      async () => (await client.call('echo', { text: 'again' })).error === undefined,
      'it to recover',
    );
  });
});

describe('A quota of requests in flight', () => {
  it('is over all sessions and both eras', async () => {
    const gateway = await greedyGateway({ quotaRequests: 2 });
    const [first, second] = [await sessionOf(gateway, 'ada'), await sessionOf(gateway, 'ada')];
    const caller = new StatelessCaller(gateway.url, {});
    const started = collect(gateway.events, 'request-started');
    const stop = new AbortController();
    const one = first.startCall('wait', { ms: 60_000 });
    const other = caller.call('wait', { ms: 60_000 }, {}, { ...as('ada'), signal: stop.signal });
    other.catch(() => {});
    const waits = () => started.filter(({ tool }) => tool === 'wait').length === 2;
    await until(waits, 'both to be in flight');
    expect(quotaIn((await second.call('echo', { text: 'x' })).error)).to.equal('requests');
    const refused = await caller.call('echo', { text: 'x' }, {}, as('ada'));
    expect([refused.status, quotaIn(refused.error)]).to.deep.equal([200, 'requests']);
    expect((await clientOf(gateway, 'ada').post(initializeRequest(1))).status).to.equal(503);
    expect(textIn(await caller.call('echo', { text: 'bob' }, {}, as('bob')))).to.equal('bob');
    const cancelled = once(gateway.events, 'request-cancelled');
    stop.abort();
    await cancelled;
    expect(textOf(await second.call('echo', { text: 'again' }))).to.equal('again');
    one.exchange.destroy();
  });
});

describe('A quota of threads', () => {
  it('refuses what needs one more than that, and takes it when one is free', async () => {
    const gateway = await greedyGateway({ quotaCompartments: 1, isolation: 'thread' });
    const [first, second] = [await sessionOf(gateway, 'ada'), await sessionOf(gateway, 'ada')];
    const started = once(gateway.events, 'request-started', ({ tool }) => tool === 'wait');
    const { exchange } = first.startCall('wait', { ms: 60_000 });
    await started;
    expect(quotaIn).to.be.a('function');
    const refused = await second.call('echo', { text: 'x' });
    expect(refused.error?.message).to.include('quota-compartments');
    expect(reasonIn(refused.error)).to.equal('quota_exceeded');
    const caller = new StatelessCaller(gateway.url, {});
    const stateless = await caller.call('echo', { text: 'x' }, {}, as('ada'));
    expect([stateless.status, reasonIn(stateless.error)]).to.deep.equal([200, 'quota_exceeded']);
    const bob = await sessionOf(gateway, 'bob');
    expect(textOf(await bob.call('echo', { text: 'bob' }))).to.equal('bob');
    exchange.destroy();
    await first.delete();
    await until(
      async () => (await second.call('echo', { text: 'again' })).error === undefined,
      'the thread to be gone',
    );
  });
});

describe('A quota of bytes', () => {
  it('refuses whoever has sent too many, until they are paid for', async () => {
    const gateway = await greedyGateway({ quotaBytes: '64KiB/s' });
    const client = await sessionOf(gateway, 'ada');
    const large = await client.call('echo', { text: 'x'.repeat(700_000) });
    expect(large.error).to.equal(undefined);
    expect(quotaIn((await client.call('echo', { text: 'x' })).error)).to.equal('bytes');
    await until(async () => (await client.call('echo', { text: 'x' })).error === undefined, 'it to recover');
  });
});

describe('A quota of processor time', function () {
  this.timeout(120_000);

  const expectRunawayRefused = async (gateway: Gateway, pathOf: (url: URL) => URL): Promise<void> => {
    const [ada, bob] = [1, 2].map(() => new StatelessCaller(pathOf(gateway.url), {}));
    const stop = new AbortController();
    const runaway = ada!.call('run_away', {}, {}, { ...as('ada'), signal: stop.signal });
    runaway.catch(() => {});
    await until(
      async () => {
        const { error } = await ada!.call('echo', { text: 'x' }, {}, as('ada'));
        return quotaIn(error) === 'processor';
      },
      'its principal to be refused',
      PATIENCE_MS,
    );
    for (let call = 0; call < 5; call += 1)
      expect(textIn(await bob!.call('echo', { text: 'bob' }, {}, as('bob')))).to.equal('bob');
    stop.abort();
  };

  it('is used up by a tool that runs away in a thread, for its principal alone', async () => {
    const gateway = await greedyGateway({ quotaProcessorMs: 300, isolation: 'thread' });
    await expectRunawayRefused(gateway, (url) => url);
  });

  it('is used up by a tool that runs away in a process', async () => {
    const module = fileURLToPath(serverModule);
    const servers = { greedy: { module, isolation: 'process' as const, affinity: 'request' as const } };
    const gateway = await startCatalogue(servers, { quotaProcessorMs: 300, authenticate });
    await expectRunawayRefused(gateway, (url) => new URL('/greedy/mcp', url));
  });

  it('counts what threads use that end with their request', async () => {
    const servers = {
      greedy: { module: fileURLToPath(serverModule), affinity: 'request' as const, reuse: false },
    };
    const gateway = await startCatalogue(servers, { quotaProcessorMs: 200, authenticate });
    const caller = new StatelessCaller(new URL('/greedy/mcp', gateway.url), {});
    await until(
      async () => {
        const { error } = await caller.call('burn', { ms: 100 }, {}, as('ada'));
        return quotaIn(error) === 'processor';
      },
      'it to be used up',
      PATIENCE_MS,
    );
  });
});

describe('Addresses of those who have not said who they are', () => {
  it('are one consumer each', async function () {
    if (process.platform !== 'linux') return this.skip();
    const gateway = await startGateway({ serverModule, affinity: 'request', quotaSessions: 1 });
    const open = (localAddress: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const agent = new Agent({ keepAlive: false });
        afterThisTest(() => agent.destroy());
        const headers = { accept: 'text/event-stream' };
        const get = request(sseUrl(gateway), { agent, localAddress, headers }, (response) => {
          afterThisTest(() => void response.destroy());
          resolve(response.statusCode ?? 0);
        });
        get.once('error', reject);
        get.end();
      });
    expect(await open('127.0.0.2')).to.equal(200);
    expect(await open('127.0.0.2')).to.equal(503);
    expect(await open('127.0.0.3')).to.equal(200);
  });
});

describe('A tool whose calls end their threads', () => {
  it('is closed for whoever calls it, in both eras, and for nobody else', async () => {
    const gateway = await greedyGateway({ toolBreaker: 2 });
    const caller = new StatelessCaller(gateway.url, {});
    const closed = once(gateway.events, 'tool-closed');
    for (let death = 0; death < 3; death += 1)
      expect((await caller.call('exit', {}, {}, as('ada'))).error?.message).to.match(/process\.exit/);
    expect(await closed).to.deep.include({ server: 'greedy', tool: 'exit', principal: `${ISSUER} ada` });
    const refused = await caller.call('exit', {}, {}, as('ada'));
    expect([refused.status, reasonIn(refused.error)]).to.deep.equal([200, 'tool_closed']);
    expect(refused.error?.message).to.match(/"exit" is closed for you for another \d+ s/);
    const client = await sessionOf(gateway, 'ada');
    expect(reasonIn((await client.call('exit', {})).error)).to.equal('tool_closed');
    expect(textOf(await client.call('echo', { text: 'open' }))).to.equal('open');
    expect(reasonIn((await caller.call('exit', {}, {}, as('bob'))).error)).to.equal('thread_exit');
    const { body } = await gateway.metrics();
    expect(body).to.match(/^bulkhead_tools_closed_total 1$/m);
  });
});
