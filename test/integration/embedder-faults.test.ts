import { expect } from 'chai';
import type { GatewayEvents } from '../../src/index.js';
import { once } from '../support/events.js';
import { expectRejection } from '../support/expectations.js';
import { connectedClient, rawClient, renewedGateway, sseUrl, startGateway } from '../support/gateway.js';
import { initializeRequest, textOf } from '../support/raw-client.js';

type Metadata = Record<string, unknown>;

const circle: Metadata = {};
circle.self = circle;
let deep: Metadata = {};
for (let level = 0; level < 20_000; level += 1) deep = { deep };

let broad: Metadata = {};
for (let level = 0; level < 200; level += 1) broad = { left: broad, right: broad };

/** What a `metadata` function may do wrong, by the value of a request header. */
const FAULTS: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new TypeError('no tenant in /srv/app/tenants.json');
  },
  'throws nothing': () => {
    throw undefined;
  },
  'a promise': async () => ({ tenant: 'a' }),
  'a promise that rejects': async () => {
    throw new Error('no tenant');
  },
  'a function': () => ({ tenant: () => 'a' }),
  'a symbol': () => ({ tenant: Symbol('a') }),
  'a proxy': () => new Proxy({}, {}),
  'a getter that throws': () => ({
    get tenant(): string {
      throw new Error('no tenant');
    },
  }),
  'data in a circle': () => circle,
  'deep data': () => deep,
  'data that doubles with each level': () => broad,
  'a text': () => 'a',
  'an array': () => ['a'],
  null: () => null,
};

describe("An embedder's metadata function that fails", () => {
  const shared = renewedGateway({
    metadata: ({ headers }) =>
      (FAULTS[String(headers['x-fault'])] ?? (() => ({ tenant: 'b', big: 1n })))() as Metadata,
  });

  for (const fault of Object.keys(FAULTS)) {
    it(`costs that request and nothing else: ${fault}`, async () => {
      const gateway = shared();
      const bystander = await connectedClient(gateway);
      const rejected = once(gateway.events, 'rejected');
      const headers = { 'x-fault': fault };
      const refusal = await expectRejection(
        await rawClient(gateway).post(initializeRequest(5), headers),
        500,
        -32603,
      );
      expect(refusal.id).to.equal(5);
      expect(refusal.error?.message).to.not.contain('tenant');
      const { reason, detail } = (await rejected) as GatewayEvents['rejected'][0];
      expect(reason).to.equal('internal_error');
      expect(detail).to.contain("createGateway's metadata function");
      const legacy = await rawClient(gateway).send('GET', undefined, headers, sseUrl(gateway));
      await expectRejection(legacy, 500, -32603);
      expect(gateway.sessions()).to.have.length(1);
      expect(textOf(await bystander.call('echo', { text: 'well' }))).to.equal('well');
    });
  }

  it('gives a session a copy of what it gives back when it does not fail', async () => {
    const gateway = shared();
    await connectedClient(gateway);
    expect(gateway.sessions()[0]?.context.metadata).to.deep.equal({ tenant: 'b', big: 1n });
    const listed = await rawClient(gateway).send(
      'GET',
      undefined,
      {},
      new URL('/sessions', gateway.adminUrl),
    );
    expect(await listed.text()).to.contain('"metadata":{"tenant":"b","big":"1"}');
  });

  it('may give back nothing', async () => {
    const without = await startGateway({ metadata: (() => undefined) as unknown as () => Metadata });
    const client = await connectedClient(without);
    expect(textOf(await client.call('echo', { text: 'well' }))).to.equal('well');
  });
});

describe("An embedder's listener that fails", () => {
  it('costs no session anything, whatever it listens to', async () => {
    const gateway = await startGateway();
    const failed = new Set<string>();
    const names = [
      'session-started',
      'session-woke',
      'request-started',
      'request-finished',
      'stream-opened',
      'stream-closed',
      'thread-claimed',
      'rejected',
      'notice',
      'session-ended',
      'thread-exited',
    ] as const;
    for (const name of names) {
      gateway.events.prependListener(name, () => {
        failed.add(name);
        throw new Error(`a fault at ${name}`);
      });
      gateway.events.on(name, async () => {
        throw new Error(`a late fault at ${name}`);
      });
    }
    const client = await connectedClient(gateway);
    expect(textOf(await client.call('slow', { ms: 100 }))).to.equal('waited 100');
    await expectRejection(await rawClient(gateway).post('{'), 400);
    const gone = new Promise<void>((resolve) => gateway.events.on('thread-exited', () => resolve()));
    expect((await client.delete()).status).to.equal(200);
    await gone;
    expect([...failed]).to.have.members([...names]);
  });
});
