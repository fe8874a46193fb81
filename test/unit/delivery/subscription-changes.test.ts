/** What the subscriptions to a server are told of its lists and its resources. */
import { expect } from 'chai';
import { resourcesOf } from '../../../src/delivery/resource-uris.js';
import type { DeclaredNotifications } from '../../../src/shared/declared-notifications.js';
import { afterThisTest } from '../../support/cleanup.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { ALL, EVERY_LIST, hubOf, Server } from '../../support/fake-subscriptions.js';

/** More than the pause between two sendings. */
const PAUSE_MS = 150;

describe('Subscriptions to a server whose lists and resources change', () => {
  let clock: FakeClock;

  beforeEach(() => {
    clock = new FakeClock().install();
    afterThisTest(() => clock.restore());
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
