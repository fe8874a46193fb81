/** Requests of revision 2026-07-28 to a gateway that drains or has no room: refusals by 503 or 429 would send clients to initialize. */
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { withDeadline } from '../support/deadline.js';
import { once } from '../support/events.js';
import { type Gateway, type GatewayOptions, rawClient, startGateway } from '../support/gateway.js';
import { fixtureModule, toolsModule } from '../support/modules.js';
import { RawClient } from '../support/raw-client.js';
import { askStateless, postStateless } from '../support/stateless.js';

const CLOSE_DEADLINE_MS = 30_000;
const SLOW = { name: 'slow', arguments: { ms: 60_000 } };
const ECHO = { name: 'echo', arguments: { text: 'hello' } };

describe('A gateway that drains, in the stateless era', () => {
  it('answers server/discover, and a call with a JSON-RPC error over 200', async () => {
    const { gateway, finish } = await busy();
    const closed = withDeadline(gateway.close(), 'gateway.close()', CLOSE_DEADLINE_MS);
    await expectDiscovered(gateway);
    await expectRefused(gateway, 'draining');
    finish();
    await closed;
  });

  it('answers server/discover for a program that was never started', async () => {
    const gateway = await startGateway({
      serverModule: undefined,
      servers: {
        tools: { module: toolsModule },
        never: { command: process.execPath, args: ['-e', 'process.exit(1)'] },
      },
      affinity: 'request',
      sseAfter: '20ms',
      drainTimeout: '30s',
    });
    const clientOf = (name: string): RawClient => {
      const client = new RawClient(new URL(`/${name}/mcp`, gateway.url));
      afterThisTest(() => client.destroy());
      return client;
    };
    const client = clientOf('tools');
    await postStateless(client, 'tools/call', SLOW);
    const closed = withDeadline(gateway.close(), 'gateway.close()', CLOSE_DEADLINE_MS);
    const discovered = await askStateless(clientOf('never'), 'server/discover');
    expect(discovered.status).to.equal(200);
    expect(discovered.answer.result).to.include({ resultType: 'complete', ttlMs: 0, cacheScope: 'private' });
    expect((await askStateless(clientOf('never'), 'tools/list')).answer.error?.code).to.equal(-31000);
    client.destroy();
    await closed;
  });

  it('lets a call in flight finish', async () => {
    const gateway = await startGateway({ affinity: 'request', sseAfter: '20ms' });
    const client = rawClient(gateway);
    const response = await postStateless(client, 'tools/call', { name: 'slow', arguments: { ms: 500 } });
    expect(response.isEventStream).to.equal(true);
    const closed = withDeadline(gateway.close(), 'gateway.close()', CLOSE_DEADLINE_MS);
    expect((await response.answer(1)).result).to.deep.include({
      resultType: 'complete',
      content: [{ type: 'text', text: 'waited 500' }],
    });
    await closed;
  });
});

describe('A gateway without room, in the stateless era', () => {
  it('answers server/discover when there is no room for a session, and a call with an error over 200', async () => {
    const { gateway, finish } = await busy({ maxSessions: 1 });
    await expectDiscovered(gateway);
    await expectRefused(gateway, 'session_limit');
    finish();
  });

  it('answers server/discover and static lists while all threads spin', async () => {
    const gateway = await startGateway({
      affinity: 'request',
      serverModule: fixtureModule('tools-static'),
      maxThreads: 1,
      spareThreads: 0,
      sseAfter: '20ms',
      cancelGrace: '100ms',
    });
    const woke = once(gateway.events, 'session-woke');
    const spinning = postStateless(rawClient(gateway), 'tools/call', { name: 'spin', arguments: {} });
    // It never answers, and is killed with the gateway.
    spinning.catch(() => undefined);
    await woke;
    await expectDiscovered(gateway);
    for (const method of ['tools/list', 'resources/list']) {
      const { status, answer } = await askStateless(rawClient(gateway), method);
      expect(status, method).to.equal(200);
      expect(answer.result, method).to.deep.include({ resultType: 'complete', cacheScope: 'public' });
    }
  });
});

/** A gateway with one call in it, which `finish` cancels by closing its response. */
async function busy(options: Partial<GatewayOptions> = {}) {
  const gateway = await startGateway({
    affinity: 'request',
    sseAfter: '20ms',
    drainTimeout: '30s',
    ...options,
  });
  const client = rawClient(gateway);
  const response = await postStateless(client, 'tools/call', SLOW);
  expect(response.isEventStream).to.equal(true);
  return { gateway, finish: () => client.destroy() };
}

async function expectDiscovered(gateway: Gateway): Promise<void> {
  const { status, answer } = await askStateless(rawClient(gateway), 'server/discover');
  expect(status, JSON.stringify(answer)).to.equal(200);
  expect(answer.result).to.include({ resultType: 'complete' });
  expect(answer.result?.supportedVersions).to.include('2026-07-28');
}

async function expectRefused(gateway: Gateway, reason: string): Promise<void> {
  const { status, answer } = await askStateless(rawClient(gateway), 'tools/call', ECHO);
  expect(status, JSON.stringify(answer)).to.equal(200);
  expect(answer.id).to.equal(1);
  expect(answer.error).to.deep.include({ code: -31000, data: { reason } });
}
