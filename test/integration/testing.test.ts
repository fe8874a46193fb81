/** `mcp-bulkhead/testing`, as the tests of a server use it: one host for most, whose sessions do not disturb each other. */
import { expect } from 'chai';
import { type Host, ProtocolError, startHost, ToolError } from '../../src/testing/index.js';
import { afterThisTest } from '../support/cleanup.js';
import { FAST_PATH } from '../support/fast-path.js';
import { ISOLATION } from '../support/isolation.js';
import { fixtureModule, joined } from '../support/modules.js';

const MODULE = joined(fixtureModule('under-test'));
const OPTIONS = { bundle: false, fastPath: FAST_PATH, isolation: ISOLATION } as const;

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  const nothing = Symbol('nothing');
  const thrown = await work.then(
    () => nothing,
    (error: unknown) => error,
  );
  if (thrown === nothing) throw new Error('Nothing was thrown.');
  return thrown;
}

describe('A host for tests', () => {
  let host: Host;
  before(async () => {
    host = await startHost(MODULE, { ...OPTIONS, cancelGrace: '300ms' });
  });
  after(() => host.close());

  async function session(options: Parameters<Host['session']>[0] = {}) {
    const opened = await host.session(options);
    afterThisTest(() => (opened.state === undefined ? undefined : opened.end()));
    return opened;
  }

  it('calls tools, with their texts and their structured content', async () => {
    const client = await session();
    expect(await client.text('greet', { name: 'Ada' })).to.equal('Hello, Ada!');
    const { structured, text } = await client.call<{ sum: number }>('add', { a: 2, b: 3 });
    expect({ sum: structured?.sum, text }).to.deep.equal({ sum: 5, text: '5' });
  });

  it('tells what a tool throws from errors of the protocol and of its thread', async () => {
    const client = await session();
    const failed = await thrownBy(client.call('fail'));
    expect(failed).to.be.instanceOf(ToolError);
    expect(failed).to.include({ message: 'the disk is full', tool: 'fail' });
    const unknown = await thrownBy(client.read('note://two'));
    expect(unknown).to.be.instanceOf(ProtocolError);
    expect((unknown as ProtocolError).code).to.equal(-32602);
    const call = client.start('crash');
    const crashed = await thrownBy(call.result);
    expect(crashed).to.have.nested.property('data.reason', 'thread_crash');
    expect((crashed as ProtocolError).message).to.match(
      /^This session's (thread|process) ended .*a bug in a timer/,
    );
    expect(await call.settled).to.equal('killed');
    expect(host.log.some(({ level, message }) => level === 'warn' && / exited$/.test(message))).to.equal(
      true,
    );
  });

  it('lists, reads and prompts', async () => {
    const client = await session();
    expect((await client.listTools()).map(({ name }) => name)).to.include.members(['greet', 'ask']);
    expect((await client.listResources()).map(({ uri }) => uri)).to.deep.equal(['note://one']);
    expect(await client.listResourceTemplates()).to.deep.equal([]);
    expect((await client.listPrompts()).map(({ name }) => name)).to.deep.equal(['welcome']);
    expect(await client.read('note://one')).to.deep.equal([{ uri: 'note://one', text: 'a note' }]);
    const { messages } = await client.prompt('welcome', { name: 'Ada' });
    expect(messages).to.have.nested.property('[0].content.text', 'Welcome Ada.');
  });

  it('answers what tools ask their client, and declares no more than it can', async () => {
    const asked: unknown[] = [];
    const able = await session({
      elicit: (request) => {
        asked.push(request.message);
        return { action: 'accept', content: { name: 'Ada' } };
      },
      sample: { role: 'assistant', model: 'none', content: { type: 'text', text: 'Thought.' } },
      roots: [{ uri: 'file:///work', name: 'work' }],
    });
    expect(await able.text('ask')).to.equal('Ada');
    expect(asked).to.deep.equal(['What is your name?']);
    expect(await able.text('think')).to.equal('Thought.');
    expect(await able.text('folders')).to.equal('file:///work');
    const unwilling = await session({ elicit: { action: 'decline' } });
    expect(await unwilling.text('ask')).to.equal('decline');
    const unable = await session();
    expect(await thrownBy(unable.call('ask'))).to.be.instanceOf(ToolError);
  });

  it('gives progress as it comes, and says when there is no more', async () => {
    const client = await session();
    const seen: (string | undefined)[] = [];
    const call = client.start('steps', {}, { onProgress: ({ message }) => seen.push(message) });
    expect(await call.progress()).to.deep.equal({ progress: 1, total: 3, message: 'step 1' });
    expect((await call.result).text).to.equal('done');
    expect(seen).to.deep.equal(['step 1', 'step 2', 'step 3']);
    expect([(await call.progress()).progress, (await call.progress()).progress]).to.deep.equal([2, 3]);
    expect(await thrownBy(call.progress()))
      .to.have.property('message')
      .that.matches(/no more progress/);
    expect(await call.settled).to.equal('answered');
  });

  it('gives notifications that belong to no call', async () => {
    const client = await session();
    await client.call('announce');
    const { params } = await client.notification('notifications/message');
    expect(params).to.deep.include({ level: 'info', data: 'by the server' });
    expect(client.notifications).to.deep.equal([]);
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await thrownBy(client.notification('notifications/message', { signal }))).to.have.property(
      'message',
      'enough',
    );
  });

  it('shows that a tool stops when its call is cancelled, in the same thread', async () => {
    const client = await session();
    expect(await client.text('count')).to.equal('1');
    const call = client.start('obedient');
    await call.progress();
    call.cancel();
    expect(await thrownBy(call.result)).to.include({ name: 'AbortError', message: 'the test cancelled it' });
    expect(await call.settled).to.equal('stopped');
    expect(await client.text('count')).to.equal('2');
    expect(
      host.log.some(({ message, sessionId }) => message === 'stopped' && sessionId === client.id),
    ).to.equal(true);
  });

  it('shows that a tool does not stop: its thread is killed', async () => {
    const client = await session();
    await client.call('count');
    const controller = new AbortController();
    const call = client.start('stubborn', {}, { signal: controller.signal });
    await call.progress();
    controller.abort(new Error('changed my mind'));
    expect(await thrownBy(call.result)).to.have.property('message', 'changed my mind');
    expect(await call.settled).to.equal('killed');
    expect(await client.text('count')).to.equal('1');
  });

  it('lets calls time out by its own clock', async () => {
    const client = await session();
    const call = client.start('obedient', {}, { timeoutMs: 3_600_000 });
    await call.progress();
    await host.advance(3_599_000);
    expect(client.state).to.equal('awake');
    await host.advance(2_000);
    expect(await thrownBy(call.result)).to.include({ name: 'TimeoutError' });
    expect(await call.settled).to.equal('stopped');
  });

  it('lets a session sleep at once, or says why it cannot', async () => {
    const client = await session();
    await client.call('count');
    await client.sleep();
    expect(client.state).to.equal('asleep');
    expect(client.thread).to.equal(undefined);
    await client.sleep();
    expect(await client.text('slept')).to.equal('1');
    const call = client.start('obedient');
    await call.progress();
    expect(await thrownBy(client.sleep()))
      .to.have.property('message')
      .that.matches(/1 of its requests are in flight/);
    call.cancel();
    await call.settled;
    await client.call('hold');
    expect(await thrownBy(client.sleep()))
      .to.have.property('message')
      .that.matches(/stayAwake/);
  });

  it('kills the thread of a session, which goes on in another one', async () => {
    const client = await session();
    await client.call('count');
    const first = client.thread?.thread;
    const call = client.start('stubborn');
    await call.progress();
    expect(await client.kill()).to.equal(true);
    expect(await thrownBy(call.result)).to.have.nested.property('data.reason', 'thread_killed');
    expect(await call.settled).to.equal('killed');
    expect(await client.kill()).to.equal(false);
    expect(await client.text('count')).to.equal('1');
    expect(client.thread?.thread).not.to.equal(first);
    expect(await host.kill()).to.be.at.least(1);
    expect(client.state).to.equal('asleep');
  });

  it('moves the clock by which sessions sleep and end', async () => {
    const client = await session();
    await client.call('count');
    await host.advance(29_000);
    expect(client.state).to.equal('awake');
    await host.advance(1_500);
    expect(client.state).to.equal('asleep');
    await client.vanish();
    await host.advance(60_000);
    expect(await client.ended).to.equal('disconnect');
    expect(await thrownBy(client.call('count'))).to.have.property(
      'message',
      'The client of this session is gone.',
    );
    expect(await thrownBy(host.advance(-1))).to.be.instanceOf(RangeError);
  });

  it('cancels the calls of a client that vanishes, and ends the session of one that says goodbye', async () => {
    const gone = await host.session();
    const call = gone.start('obedient');
    await call.progress();
    await gone.vanish();
    expect(await thrownBy(call.result)).to.have.property('message', 'The client of this session is gone.');
    await host.advance(60_000);
    expect(await call.settled).to.equal('stopped');
    const polite = await host.session();
    await polite.end();
    expect(await polite.ended).to.equal('delete');
  });
});

describe('Hosts for tests', () => {
  it('end with their block, and leave nothing', async () => {
    let escaped: Host;
    {
      await using host = await startHost({ module: MODULE, ...OPTIONS, token: 'a-secret-of-the-test' });
      escaped = host;
      const client = await host.session();
      expect(await client.text('greet', { name: 'Ada' })).to.equal('Hello, Ada!');
      expect(host.threads).to.equal(1);
    }
    expect(escaped.threads).to.equal(0);
    expect(await thrownBy(escaped.session())).to.have.property('message', 'The host is closed.');
  });

  it('serve several servers, each to its own sessions', async () => {
    await using host = await startHost({
      servers: { one: { module: MODULE }, two: { module: MODULE } },
      ...OPTIONS,
    });
    const client = await host.session({ server: 'two' });
    expect(await client.text('greet', { name: 'Ada' })).to.equal('Hello, Ada!');
    expect(host.gateway.sessions().map(({ context }) => context.server)).to.deep.equal(['two']);
    expect(await thrownBy(host.session({ server: 'three' }))).to.have.property(
      'message',
      'There is no server "three": name one of one, two.',
    );
  });

  it('refuse a module that cannot be served, with the reason', async () => {
    expect(await thrownBy(startHost('./nowhere.ts'))).to.have.property('code', 'ERR_BULKHEAD_OPTION');
    expect(await thrownBy(startHost({})))
      .to.have.property('message')
      .that.matches(/^A host needs a server/);
    const broken = await thrownBy(startHost(fixtureModule('broken-setup'), OPTIONS));
    expect(broken).to.have.property('code', 'ERR_BULKHEAD_SERVER_MODULE');
  });
});
