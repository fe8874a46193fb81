import { execFileSync } from 'node:child_process';
import { Script } from 'node:vm';
import { expect } from 'chai';
import { NODE_MAJOR } from '../../src/shared/node-version.js';
import { withDeadline } from '../support/deadline.js';
import { once } from '../support/events.js';
import { expectRejection } from '../support/expectations.js';
import { connectedClient, type Gateway, rawClient, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { initializeRequest, type RawClient, type RawResponse, textOf } from '../support/raw-client.js';
import { shortenTimeouts } from '../support/timers.js';

const BURST = 20;
/** For one thread start after the other, on a machine that also runs other tests. */
const BURST_DEADLINE_MS = 60_000;
const WAIT_DEADLINE_MS = 10_000;
/** The same for a test that waits until it is over. */
const SHORT_WAIT_MS = 1_000;
const PATIENCE_MS = 15_000;
/** Its sessions do not give up their threads for others. */
const sleepless = { serverModule: fixtureModule('sleepless') };

interface Origin {
  readonly threadId: number;
  readonly importedAtMs: number;
  readonly claims: number;
}

describe('session threads: spares', () => {
  it('wait with the server module imported before the session came', async () => {
    const gateway = await startGateway({ serverModule: fixtureModule('origin'), spareThreads: 1 });
    await spareReady(gateway);
    const claimed = once(gateway.events, 'thread-claimed');
    const client = await connectedClient(gateway);
    expect(await claimed).to.include({ kind: 'warm', waitMs: 0 });
    const { importedAtMs } = await originOf(client);
    expect(importedAtMs).to.be.below(gateway.sessions()[0]!.context.startedAtMs);
  });

  it('are not kept beyond max-threads', async () => {
    const gateway = await startGateway({ spareThreads: 2, maxThreads: 2 });
    await connectedClient(gateway);
    await connectedClient(gateway);
    expect(gateway.snapshot().threads).to.include({ claimed: 2, spare: 0, starting: 0 });
  });
});

describe('session threads: starts', () => {
  // On later versions two flags gain more than that cache; see ADR 10.
  const onNode20 = NODE_MAJOR < 22 ? it : it.skip;
  onNode20('find V8 with the flags that the code cache of Node is made with', async () => {
    const text = '(function () { return 1; })';
    const make = `process.stdout.write(new (require('vm').Script)(${JSON.stringify(text)}).createCachedData())`;
    const cachedData = execFileSync(process.execPath, [...process.execArgv, '-e', make]);
    await spareReady(await startGateway({ spareThreads: 1 }));
    expect(new Script(text, { cachedData }).cachedDataRejected).to.equal(false);
  });
});

describe('session threads: one session each', () => {
  it('serve no second session, however many come and go', async () => {
    const gateway = await startGateway({
      serverModule: fixtureModule('origin'),
      maxThreads: 4,
      spareThreads: 1,
    });
    const origins: Origin[] = [];
    for (let wave = 0; wave < 4; wave += 1) {
      const clients = await Promise.all([1, 2, 3].map(() => connectedClient(gateway)));
      origins.push(...(await Promise.all(clients.map(originOf))));
      await Promise.all(clients.map((client) => client.delete()));
    }
    expect(new Set(origins.map(({ threadId }) => threadId)).size).to.equal(12);
    expect(origins.map(({ claims }) => claims)).to.deep.equal(Array.from({ length: 12 }, () => 1));
  }).timeout(BURST_DEADLINE_MS);
});

describe('session threads: a setup that never ends', () => {
  it('costs its session the thread after half a minute, and no other session anything', async () => {
    const gateway = await startGateway({
      serverModule: fixtureModule('endless-setup'),
      maxThreads: 2,
      spareThreads: 1,
    });
    await spareReady(gateway);
    const other = await connectedClient(gateway);
    const shortened = shortenTimeouts(30_000, 300);
    const ended = once(gateway.events, 'session-ended');
    const client = rawClient(gateway);
    const request = initializeRequest(1);
    const clientInfo = { name: 'endless', version: '1.0.0' };
    const response = await client.post({ ...request, params: { ...request.params, clientInfo } });
    expect((await response.answer(1)).error?.message).to.match(/setup took longer than 30 s/);
    expect(await ended).to.include({ reason: 'setup_failed' });
    expect(shortened.set).to.be.at.least(1);
    expect(textOf(await other.call('ready'))).to.equal('ready');
  });
});

describe('session threads: sessions that wait for one', () => {
  it('are refused with 503 and Retry-After once they have waited too long', async () => {
    const gateway = await startGateway({ ...sleepless, maxThreads: 1, spareThreads: 0 });
    const holder = await connectedClient(gateway);
    const shortened = shortenTimeouts(WAIT_DEADLINE_MS, SHORT_WAIT_MS);
    const { id, stream } = await holder.openCall('slow', { ms: 1.8 * SHORT_WAIT_MS });
    const waiting = rawClient(gateway).exchange('POST', JSON.stringify(initializeRequest(1)));
    const ended = once(gateway.events, 'session-ended', undefined, PATIENCE_MS);
    const response = await withDeadline(waiting.response, 'the refusal', PATIENCE_MS);
    const refusal = await expectRejection(response, 503);
    expect(refusal.id).to.equal(1);
    expect(refusal.error?.message).to.match(/thread/);
    expect(Number(response.headers['retry-after'])).to.be.within(1, 60);
    expect((await ended).reason).to.equal('no_thread');
    expect(gateway.snapshot()).to.include({ threadWaiters: 0 });
    const answer = await stream.message((message) => message.id === id, 'its answer', PATIENCE_MS);
    expect(answer.result, 'the call that held the thread').to.be.an('object');
    expect(shortened.set).to.be.at.least(1);
  });

  it('leave the queue when their client goes', async () => {
    const gateway = await startGateway({ ...sleepless, maxThreads: 1, spareThreads: 0 });
    await connectedClient(gateway);
    const started = once(gateway.events, 'session-started');
    const waiting = rawClient(gateway).exchange('POST', JSON.stringify(initializeRequest(1)));
    await started;
    const ended = once(gateway.events, 'session-ended');
    waiting.destroy();
    expect((await ended).reason).to.equal('abandoned');
    expect(gateway.snapshot().threadWaiters).to.equal(0);
  });
});

describe('max-sessions', () => {
  it('holds against a burst: slots are reserved before anything is awaited', async () => {
    const gateway = await startGateway({ maxSessions: 5, maxThreads: 8 });
    let most = 0;
    gateway.events.on('session-started', () => {
      const { ending, ...live } = gateway.snapshot().sessions;
      most = Math.max(
        most,
        Object.values(live).reduce((sum, count) => sum + count, 0),
      );
    });
    const responses = await Promise.all(Array.from({ length: BURST }, () => initializeOf(gateway)));
    const refused = responses.filter(({ status }) => status !== 200);
    expect(most).to.equal(5);
    expect(refused).to.have.length(BURST - 5);
    for (const response of refused) {
      await expectRejection(response, 503);
      expect(Number(response.headers['retry-after'])).to.be.at.least(1);
    }
  });

  it('counts a session until it ends', async () => {
    const gateway = await startGateway({ maxSessions: 1 });
    const client = await connectedClient(gateway);
    await expectRejection(await initializeOf(gateway), 503);
    await client.delete();
    expect((await initializeOf(gateway)).status).to.equal(200);
  });
});

async function spareReady(gateway: Gateway): Promise<void> {
  if (gateway.snapshot().threads.spare === 0) await once(gateway.events, 'thread-started');
}

async function initializeOf(gateway: Gateway): Promise<RawResponse> {
  const exchange = rawClient(gateway).exchange('POST', JSON.stringify(initializeRequest(1)));
  return withDeadline(exchange.response, 'the answer to initialize', BURST_DEADLINE_MS);
}

async function originOf(client: RawClient): Promise<Origin> {
  return JSON.parse(textOf(await client.call('origin'))) as Origin;
}
