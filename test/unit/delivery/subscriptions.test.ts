/** The subscriptions to one server: how they begin and end, and how many there may be. */
import { expect } from 'chai';
import { MAX_SUBSCRIPTIONS, MAX_SUBSCRIPTIONS_OF_PRINCIPAL } from '../../../src/delivery/subscriptions.js';
import { afterThisTest } from '../../support/cleanup.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { ALL, EVERY_LIST, hubOf, Server } from '../../support/fake-subscriptions.js';

describe('Subscriptions to a server', () => {
  beforeEach(() => {
    const clock = new FakeClock().install();
    afterThisTest(() => clock.restore());
  });

  it('acknowledge first, at once, and in an SSE stream that cannot be resumed', () => {
    const { listen, totals } = hubOf();
    const connection = listen({ toolsListChanged: true, promptsListChanged: false });
    expect(connection.opened).to.equal(true);
    expect(connection.messages).to.deep.equal([
      {
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: {
          _meta: { 'io.modelcontextprotocol/subscriptionId': 1 },
          notifications: { toolsListChanged: true },
        },
      },
    ]);
    expect(totals.streams.listen).to.equal(1);
  });

  it('acknowledge only what the server declares', async () => {
    const server = new Server();
    server.says = { ...ALL, prompts: false, subscribe: false };
    const { listen } = hubOf(server);
    const { messages } = listen({ ...EVERY_LIST, resourceSubscriptions: ['a:b'], taskIds: ['1'] });
    expect(messages[0]?.params?.notifications).to.deep.equal({
      toolsListChanged: true,
      resourcesListChanged: true,
    });
    expect([...server.watching]).to.deep.equal([]);
  });

  it('tag each message with the id of their request, which stays a number or a text', async () => {
    const { hub, listen } = hubOf();
    const connections = [7, '7', 'listen:0'].map((id) => listen({ toolsListChanged: true }, { id }));
    hub.listChanged('tools');
    await settle();
    await hub.end();
    for (const [index, id] of [7, '7', 'listen:0'].entries()) {
      const messages = connections[index]?.messages ?? [];
      const tag = { 'io.modelcontextprotocol/subscriptionId': id };
      expect(messages.map(({ params }) => params?._meta)).to.deep.equal([tag, tag, undefined]);
      const info = { 'io.modelcontextprotocol/serverInfo': { name: 'notes', version: '1.0.0' } };
      expect(messages[2]).to.deep.equal({
        jsonrpc: '2.0',
        id,
        result: { resultType: 'complete', _meta: { ...info, ...tag } },
      });
    }
  });

  it('end with an error if the server cannot say what it supports', async () => {
    const server = new Server();
    server.says = Promise.reject(new Error('All threads are in use. Listen again later.'));
    const { listen, totals } = hubOf(server);
    const connection = listen(EVERY_LIST, { id: 'x' });
    await settle();
    expect(connection.messages).to.deep.equal([
      {
        jsonrpc: '2.0',
        id: 'x',
        error: { code: -31000, message: 'All threads are in use. Listen again later.' },
      },
    ]);
    expect(connection.ended).to.equal(true);
    expect(totals.streams.listen).to.equal(0);
  });

  it('write nothing to a client that is gone', async () => {
    const { hub, listen } = hubOf();
    const connection = listen({ toolsListChanged: true });
    hub.listChanged('tools');
    connection.close();
    await settle();
    await hub.end();
    expect(connection.messages).to.have.length(1);
  });

  it('end with a result, also before they were acknowledged and while the client does not read', async () => {
    const server = new Server();
    const { hub, listen } = hubOf(server);
    const slow = listen({ toolsListChanged: true });
    slow.flows = false;
    hub.listChanged('tools');
    await settle();
    server.says = new Promise(() => {});
    const waiting = listen({ toolsListChanged: true }, { id: 2 });
    await hub.end();
    expect(slow.messages.at(-1)?.result).to.have.property('resultType', 'complete');
    expect(slow.ended).to.equal(true);
    expect(waiting.messages.map(({ method = 'response' }) => method)).to.deep.equal([
      'notifications/subscriptions/acknowledged',
      'response',
    ]);
    expect(hub.size).to.equal(0);
    const late = listen({ toolsListChanged: true }, { id: 3 });
    expect(late.answered?.error?.data).to.deep.equal({ reason: 'draining' });
  });

  it('are at most 16 of a principal', () => {
    const { listen, rejected } = hubOf();
    const connections = Array.from({ length: MAX_SUBSCRIPTIONS_OF_PRINCIPAL }, () => listen(EVERY_LIST));
    const tooMany = listen(EVERY_LIST, { id: 'n' });
    expect(tooMany.opened).to.equal(false);
    expect(tooMany.answered).to.deep.include({ id: 'n' });
    expect(tooMany.answered?.error?.code).to.equal(-31000);
    expect(tooMany.answered?.error?.message).to.match(/Close one/);
    expect(rejected).to.deep.equal(['principal_subscription_limit']);
    expect(listen(EVERY_LIST, { principal: 'bob' }).opened).to.equal(true);
    connections[0]?.close();
    expect(listen(EVERY_LIST).opened).to.equal(true);
  });

  it('are at most 1,024 of all, which is the only limit for clients without credentials', () => {
    const { listen, rejected } = hubOf();
    const connections = Array.from({ length: MAX_SUBSCRIPTIONS }, () =>
      listen(EVERY_LIST, { principal: 'anonymous' }),
    );
    expect(connections.every(({ opened }) => opened)).to.equal(true);
    expect(listen(EVERY_LIST).answered?.error?.message).to.match(/Listen again later/);
    expect(rejected).to.deep.equal(['subscription_limit']);
    connections[0]?.close();
    expect(listen(EVERY_LIST).opened).to.equal(true);
  });

  for (const [what, notifications] of [
    ['no filter', undefined],
    ['a filter that is no object', ['tools']],
    ['a flag that is none', { toolsListChanged: 'yes' }],
    ['resources that are no array', { resourceSubscriptions: 'a:b' }],
    ['a URI that is no text', { resourceSubscriptions: [1] }],
    ['too many resources', { resourceSubscriptions: Array.from({ length: 101 }, (_, n) => `a:${n}`) }],
    ['too long URIs', { resourceSubscriptions: [`a:${'b'.repeat(16 * 1024)}`] }],
  ] as const) {
    it(`refuse ${what}`, () => {
      const { listen, rejected, totals } = hubOf();
      const { answered, opened } = listen(notifications, { id: 'f' });
      expect(answered).to.deep.include({ id: 'f' });
      expect(answered?.error?.code).to.equal(-32602);
      expect([opened, totals.streams.listen]).to.deep.equal([false, 0]);
      expect(rejected).to.deep.equal(['invalid_request']);
    });
  }
});
