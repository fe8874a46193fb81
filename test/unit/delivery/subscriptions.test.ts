/** The subscriptions to one server, over connections and a server that do what the test says. */
import { expect } from 'chai';
import { resourcesOf } from '../../../src/delivery/resource-uris.js';
import type { StartFailure } from '../../../src/delivery/start-failure.js';
import type { ConnectionOwner, StreamConnection } from '../../../src/delivery/stream-connection.js';
import { StreamTotals } from '../../../src/delivery/stream-totals.js';
import {
  type ListenedServer,
  MAX_SUBSCRIPTIONS,
  MAX_SUBSCRIPTIONS_OF_PRINCIPAL,
  Subscriptions,
} from '../../../src/delivery/subscriptions.js';
import type { DeclaredNotifications } from '../../../src/shared/declared-notifications.js';
import type { RequestId } from '../../../src/shared/request-id.js';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { afterThisTest } from '../../support/cleanup.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

const ALL: DeclaredNotifications = {
  tools: true,
  prompts: true,
  resources: true,
  logging: true,
  subscribe: true,
};
const EVERY_LIST = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
/** More than the pause between two sendings. */
const PAUSE_MS = 150;

interface Message {
  readonly id?: RequestId;
  readonly method?: string;
  readonly params?: {
    readonly _meta: Record<string, unknown>;
    readonly notifications?: object;
    uri?: string;
  };
  readonly result?: object;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: object };
}

class Connection implements StreamConnection {
  owner: ConnectionOwner | undefined;
  readonly messages: Message[] = [];
  answered: Message | undefined;
  opened = false;
  ended = false;
  /** Whether what is written leaves at once. */
  flows = true;

  answer(body: string): boolean {
    this.answered = JSON.parse(body) as Message;
    return true;
  }

  fail(failure: StartFailure): void {
    throw new Error(`not a start: ${failure.outcome}`);
  }

  nothing(): void {
    throw new Error('a subscription has something to say');
  }

  open(primingId?: string, retryMs?: number): void {
    expect([primingId, retryMs]).to.deep.equal([undefined, undefined]);
    this.opened = true;
  }

  write(id: string | undefined, body: string): boolean {
    expect(id).to.equal(undefined);
    expect(this.ended).to.equal(false);
    this.messages.push(JSON.parse(body) as Message);
    return this.flows;
  }

  end(): boolean {
    this.ended = true;
    return true;
  }

  drain(): void {
    this.flows = true;
    this.owner?.onDrain(this);
  }

  close(): void {
    this.owner?.onClose(this);
  }

  /** Methods and URIs of what has arrived after the acknowledgement. */
  get told(): string[] {
    return this.messages
      .slice(1)
      .map(({ method = 'response', params }) =>
        [method.replace('notifications/', ''), params?.uri].filter((part) => part !== undefined).join(' '),
      );
  }
}

class Server implements ListenedServer {
  says: DeclaredNotifications | Promise<DeclaredNotifications> = ALL;
  /** Of the resources that it is asked to watch. */
  watches: (uris: ReadonlySet<string>) => Promise<ReadonlySet<string>> = (uris) => Promise.resolve(uris);
  readonly watching = new Map<string, number>();

  declared(): DeclaredNotifications | Promise<DeclaredNotifications> {
    return this.says;
  }

  async watch(uris: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const watched = await this.watches(uris);
    for (const uri of watched) this.watching.set(uri, (this.watching.get(uri) ?? 0) + 1);
    return watched;
  }

  unwatch(uris: ReadonlySet<string>): void {
    for (const uri of uris) {
      const left = (this.watching.get(uri) ?? 0) - 1;
      if (left === 0) this.watching.delete(uri);
      else this.watching.set(uri, left);
    }
  }
}

function hubOf(server = new Server()) {
  const totals = new StreamTotals();
  const events = new GatewayEmitter();
  const rejected: string[] = [];
  events.on('rejected', ({ reason }) => rejected.push(reason));
  const hub = new Subscriptions(server, { totals, events });
  const listen = (
    notifications: unknown,
    { id = 1, principal = 'ann' }: { id?: RequestId; principal?: string } = {},
    connection = new Connection(),
  ): Connection => {
    const client = { principal, metadata: {}, userAgent: undefined, remoteAddress: undefined };
    hub.listen({ id, params: { notifications } }, client, connection);
    return connection;
  };
  return { hub, server, totals, rejected, listen };
}

describe('Subscriptions to a server', () => {
  let clock: FakeClock;

  beforeEach(() => {
    clock = new FakeClock().install();
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
      expect(messages[2]).to.deep.equal({
        jsonrpc: '2.0',
        id,
        result: { resultType: 'complete', _meta: tag },
      });
    }
  });

  it('are told of the lists that they asked for, and of no others', async () => {
    const { hub, listen } = hubOf();
    const tools = listen({ toolsListChanged: true });
    const others = listen({ promptsListChanged: true, resourcesListChanged: true });
    hub.listChanged('tools');
    hub.listChanged('prompts');
    await settle();
    expect(tools.told).to.deep.equal(['tools/list_changed']);
    expect(others.told).to.deep.equal(['prompts/list_changed']);
  });

  it('are told of what concerns their principal', async () => {
    const { hub, listen } = hubOf();
    const ann = listen({ ...EVERY_LIST, resourceSubscriptions: ['a:b'] }, { principal: 'ann' });
    const bob = listen({ ...EVERY_LIST, resourceSubscriptions: ['a:b'] }, { principal: 'bob' });
    await settle();
    hub.listChanged('tools', 'ann');
    hub.resourceUpdated('a:b', 'bob');
    hub.listChanged('prompts');
    await settle();
    expect(ann.told).to.have.members(['tools/list_changed', 'prompts/list_changed']);
    expect(bob.told).to.have.members(['resources/updated a:b', 'prompts/list_changed']);
  });

  it('are told once of changes in quick succession, and again of those after', async () => {
    const { hub, listen } = hubOf();
    const connection = listen({ toolsListChanged: true });
    for (let change = 0; change < 100; change += 1) hub.listChanged('tools');
    await settle();
    expect(connection.told).to.have.length(1);
    for (let change = 0; change < 100; change += 1) hub.listChanged('tools');
    await settle();
    expect(connection.told).to.have.length(1);
    await clock.advance(PAUSE_MS);
    expect(connection.told).to.have.length(2);
    await clock.advance(PAUSE_MS);
    hub.listChanged('tools');
    await settle();
    expect(connection.told).to.have.length(3);
  });

  it('are told of a change that others were noted for before they came', async () => {
    const { hub, listen } = hubOf();
    listen({ toolsListChanged: true });
    hub.listChanged('tools');
    const late = listen({ toolsListChanged: true });
    hub.listChanged('tools');
    await settle();
    expect(late.told).to.deep.equal(['tools/list_changed']);
  });

  it('keep one message for each list and resource while a client does not read', async () => {
    const { hub, listen } = hubOf();
    const slow = listen({ ...EVERY_LIST, resourceSubscriptions: ['a:b', 'a:c'] });
    const quick = listen({ toolsListChanged: true });
    await settle();
    slow.flows = false;
    for (let round = 0; round < 5; round += 1) {
      hub.listChanged('tools');
      hub.listChanged('prompts');
      hub.resourceUpdated('a:b');
      await clock.advance(PAUSE_MS);
    }
    // The message after which the connection was full, and no more.
    expect(slow.told).to.deep.equal(['tools/list_changed']);
    expect(quick.told).to.have.length(5);
    slow.drain();
    expect(slow.told.slice(1)).to.deep.equal([
      'prompts/list_changed',
      'tools/list_changed',
      'resources/updated a:b',
    ]);
  });

  it('say nothing before the acknowledgement, and then what has changed meanwhile', async () => {
    const server = new Server();
    let answer: (declared: DeclaredNotifications) => void = () => {};
    server.says = new Promise((resolve) => {
      answer = resolve;
    });
    const { hub, listen } = hubOf(server);
    const connection = listen(EVERY_LIST);
    hub.listChanged('tools');
    hub.listChanged('prompts');
    await clock.advance(PAUSE_MS);
    expect(connection.opened).to.equal(true);
    expect(connection.messages).to.deep.equal([]);
    answer({ ...ALL, prompts: false });
    await settle();
    expect(connection.messages[0]?.method).to.equal('notifications/subscriptions/acknowledged');
    expect(connection.told).to.deep.equal(['tools/list_changed']);
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

  it('acknowledge the resources that the server watches, and are told of these', async () => {
    const server = new Server();
    server.watches = (uris) => Promise.resolve(new Set([...uris].filter((uri) => uri !== 'a:no')));
    const { hub, listen } = hubOf(server);
    const connection = listen({ resourceSubscriptions: ['a:yes', 'a:no', 'a:yes'] });
    await settle();
    expect(connection.messages[0]?.params?.notifications).to.deep.equal({ resourceSubscriptions: ['a:yes'] });
    for (const uri of ['a:yes', 'a:no', 'a:other']) hub.resourceUpdated(uri);
    await settle();
    expect(connection.told).to.deep.equal(['resources/updated a:yes']);
  });

  it('are told of a part of a resource by its own URI, and of several parts by that of the resource', async () => {
    const { hub, listen } = hubOf();
    const connection = listen({ resourceSubscriptions: ['file:///folder', 'file:///fold'] });
    await settle();
    hub.resourceUpdated('file:///folder/a.txt');
    await settle();
    hub.resourceUpdated('file:///folder/b.txt');
    hub.resourceUpdated('file:///folder/c.txt');
    await clock.advance(PAUSE_MS);
    expect(connection.told).to.deep.equal([
      'resources/updated file:///folder/a.txt',
      'resources/updated file:///folder',
    ]);
  });

  it('make the server watch while somebody listens, and no longer', async () => {
    const { hub, server, listen, totals } = hubOf();
    const one = listen({ resourceSubscriptions: ['a:b'] });
    const two = listen({ resourceSubscriptions: ['a:b', 'a:c'] });
    await settle();
    expect([...server.watching]).to.deep.equal([
      ['a:b', 2],
      ['a:c', 1],
    ]);
    two.close();
    expect([...server.watching]).to.deep.equal([['a:b', 1]]);
    one.close();
    expect([...server.watching]).to.deep.equal([]);
    expect([hub.size, totals.streams.listen]).to.deep.equal([0, 0]);
  });

  it('make the server watch nothing for a client that left before it was watched', async () => {
    const { server, listen } = hubOf();
    const connection = listen({ resourceSubscriptions: ['a:b'] });
    connection.close();
    await settle();
    expect([...server.watching]).to.deep.equal([]);
    expect(connection.messages).to.deep.equal([]);
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

describe('The resources that a URI is a part of', () => {
  it('are those whose URIs it begins with, up to a delimiter', () => {
    expect([...resourcesOf('file:///a/b.txt?c#d')]).to.include.members([
      'file:///a/b.txt?c#d',
      'file:///a/b.txt?c',
      'file:///a/b.txt',
      'file:///a/',
      'file:///a',
    ]);
    expect([...resourcesOf('file:///a/b')]).to.not.include('file:///a/b/');
    expect([...resourcesOf('note:1')]).to.deep.equal(['note:1']);
    expect([...resourcesOf(`x:${'/'.repeat(10_000)}`)].length).to.be.below(200);
  });
});
