/** What the state of a server belongs to in the stateless era, and what a compartment leaves to the next request. */
import { once } from 'node:events';
import { expect } from 'chai';
import { until } from '../support/deadline.js';
import { collect } from '../support/events.js';
import { type Gateway, sharedGateway, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { type Reply, StatelessCaller, textIn } from '../support/stateless-caller.js';

const serverModule = fixtureModule('affinity');
const CANCEL_GRACE_MS = 300;

function callerOf(gateway: Gateway, token?: string): StatelessCaller {
  return new StatelessCaller(gateway.url, token === undefined ? {} : { token });
}

function valueIn(reply: Reply): Record<string, unknown> {
  return JSON.parse(textIn(reply));
}

/** A result of the gateway itself names the server, as all results do (R2.3). */
function expectNamed({ _meta, resultType }: Reply['result']): void {
  expect(resultType).to.equal('complete');
  expect(_meta).to.have.nested.property('io\\.modelcontextprotocol/serverInfo.name', 'affinity');
}

describe('A server with affinity session', () => {
  const gateway = sharedGateway({ serverModule, affinity: 'session' });

  it('refuses each request of the stateless era with the versions that begin with initialize', async () => {
    for (const method of ['server/discover', 'tools/list']) {
      const { status, error } = await callerOf(gateway()).request(method);
      expect(status).to.equal(400);
      expect(error?.code).to.equal(-32022);
      expect(error?.data?.supported).to.include('2025-11-25').and.not.include('2026-07-28');
      expect(error?.data?.requested).to.equal('2026-07-28');
    }
    expect(gateway().sessions()).to.have.lengthOf(0);
  });
});

describe('A server with affinity request', () => {
  it('uses a compartment again that is clean, for one request at a time', async () => {
    const gateway = await startGateway({ serverModule, affinity: 'request' });
    const caller = callerOf(gateway);
    expect(valueIn(await caller.call('count'))).to.include({
      calls: 1,
      era: 'stateless',
      affinity: 'request',
    });
    expect(valueIn(await caller.call('count')).calls).to.equal(2);
    expect(gateway.sessions()).to.have.lengthOf(1);
    const four = await Promise.all(
      [1, 2, 3, 4].map((length) => caller.call('echo', { text: 'x'.repeat(length) })),
    );
    expect(four.map((reply) => valueIn(reply).said)).to.deep.equal(['x', 'xx', 'xxx', 'xxxx']);
    expect(gateway.sessions().every(({ requestsTotal }) => requestsTotal > 0)).to.equal(true);
  });

  for (const [tool, what] of [
    ['leave_timer', 'a timer'],
    ['stay', 'a hold'],
  ] as const) {
    it(`ends a compartment in which a request has left ${what}`, async () => {
      const gateway = await startGateway({ serverModule, affinity: 'request' });
      const caller = callerOf(gateway);
      await caller.call('count');
      const ended = once(gateway.events, 'session-ended');
      await caller.call(tool);
      expect((await ended)[0].reason).to.equal('request_over');
      expect(valueIn(await caller.call('count')).calls, 'in a fresh thread').to.equal(1);
    });
  }

  it('gives each request a fresh thread if it may not be used again', async () => {
    const gateway = await startGateway({
      servers: { one: { module: serverModule, affinity: 'request', reuse: false } },
      serverModule: undefined,
    });
    const caller = new StatelessCaller(gateway.url);
    for (let call = 0; call < 3; call += 1) expect(valueIn(await caller.call('count')).calls).to.equal(1);
    await until(() => gateway.sessions().length === 0, 'no compartment is left');
  });

  it('keeps nothing in session.state from one request to the next, and says so', async () => {
    const gateway = await startGateway({ serverModule, affinity: 'request' });
    const logged = collect(gateway.events, 'module-log');
    const caller = callerOf(gateway);
    expect(valueIn(await caller.call('keep', { value: 'a' }))).to.deep.equal({ before: null, now: 'a' });
    expect(valueIn(await caller.call('keep', { value: 'b' }))).to.deep.equal({ before: null, now: 'b' });
    await until(() => logged.length > 0, 'the log says so');
    expect(logged[0]?.message).to.include('nothing that is stored lasts longer than its request');
    expect(logged).to.have.lengthOf(1);
  });

  it('answers the call whose thread crashes, and others go on', async () => {
    const gateway = await startGateway({ serverModule, affinity: 'request' });
    const caller = callerOf(gateway);
    const crashing = caller.call('crash');
    expect(valueIn(await caller.call('echo', { text: 'hello' })).said).to.equal('hello');
    const { status, error } = await crashing;
    expect(status).to.equal(200);
    expect(error?.code).to.equal(-32603);
    expect(error?.message).to.include('crashed on purpose').and.include('Call again if that is safe');
  });

  it('kills a tool that spins within cancel-grace and 100 ms when its caller closes the connection', async () => {
    const gateway = await startGateway({
      serverModule,
      affinity: 'request',
      cancelGrace: `${CANCEL_GRACE_MS}ms`,
    });
    const exits = collect(gateway.events, 'thread-exited');
    const starts = collect(gateway.events, 'request-started');
    const leaving = new AbortController();
    const spinning = callerOf(gateway).call('spin', {}, {}, { signal: leaving.signal });
    spinning.catch(() => undefined);
    await until(() => starts.length === 1, 'the call has begun');
    await once(gateway.events, 'session-woke');
    leaving.abort();
    await until(() => exits.length === 1, 'its thread is gone');
    expect(exits[0]?.cause).to.equal('killed');
    expect(exits[0]?.killMs).to.be.at.most(CANCEL_GRACE_MS + 100);
    await until(() => gateway.sessions().length === 0, 'its compartment is gone');
  });

  it('answers 1,000 interleaved requests each with its own', async () => {
    const gateway = await startGateway({ serverModule, affinity: 'request', maxThreads: 8 });
    const caller = callerOf(gateway);
    const wrong: string[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < 1_000) {
        next += 1;
        const text = `request ${next} ${'.'.repeat(next % 5)}`;
        const reply = await caller.call('echo', { text });
        if (reply.status !== 200 || valueIn(reply).said !== text) wrong.push(`${text}: ${reply.text}`);
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    expect(wrong).to.deep.equal([]);
  });
});

describe('A server with affinity principal', () => {
  const TOKEN = 'a-token-of-more-than-sixteen-characters';
  const gateway = sharedGateway({ serverModule, affinity: 'principal', token: TOKEN });

  it('meets all requests of one principal in the same thread', async () => {
    const caller = callerOf(gateway(), TOKEN);
    const values = [];
    for (let call = 0; call < 3; call += 1) values.push(valueIn(await caller.call('count')));
    expect(values.map(({ calls }) => calls)).to.deep.equal([1, 2, 3]);
    expect(values[0]).to.include({ principal: 'token token', affinity: 'principal' });
    expect(gateway().sessions()).to.have.lengthOf(1);
  });

  it('keeps session.state of the principal', async () => {
    const caller = callerOf(gateway(), TOKEN);
    await caller.call('keep', { value: 'a' });
    expect(valueIn(await caller.call('keep', { value: 'b' })).before).to.equal('a');
  });

  it('answers requests that run at the same time with equal ids each with its own', async () => {
    const caller = callerOf(gateway(), TOKEN);
    const texts = Array.from({ length: 30 }, (_, index) => `text ${index} ${'.'.repeat(index % 6)}`);
    const replies = await Promise.all(texts.map((text) => caller.call('echo', { text }, {}, { id: 1 })));
    expect(replies.map(({ id }) => id)).to.deep.equal(texts.map(() => 1));
    expect(replies.map((reply) => valueIn(reply).said)).to.deep.equal(texts);
  });

  it('treats requests without a principal as single ones', async () => {
    const open = await startGateway({ serverModule, affinity: 'principal' });
    expect(valueIn(await callerOf(open).call('count'))).to.include({
      principal: 'anonymous',
      affinity: 'request',
    });
  });
});

describe('A server with affinity handle', () => {
  const gateway = sharedGateway({ serverModule, affinity: 'handle' });

  /** With the header that repeats the argument. */
  function callIn(caller: StatelessCaller, name: string, session: unknown): Promise<Reply> {
    const header = String(session);
    return caller.call(name, { session }, {}, { headers: { 'mcp-param-session': header } });
  }

  async function opened(caller: StatelessCaller): Promise<string> {
    const { result } = await caller.call('open_session');
    expectNamed(result);
    return (result.structuredContent as { session: string }).session;
  }

  it('adds two tools and an argument, which tells how long a session lives', async () => {
    const { result } = await callerOf(gateway()).request('tools/list');
    const tools = result.tools as {
      name: string;
      description: string;
      inputSchema: { properties: object };
    }[];
    expect(tools.map(({ name }) => name)).to.include.members(['count', 'open_session', 'close_session']);
    const count = tools.find(({ name }) => name === 'count');
    expect(count?.inputSchema.properties).to.have.nested.property('session.x-mcp-header', 'Session');
    const open = tools.find(({ name }) => name === 'open_session');
    expect(open?.description).to.include('after 1 day without a call');
  });

  it('meets the calls with one handle in the same thread, and no others', async () => {
    const caller = callerOf(gateway());
    const [one, other] = [await opened(caller), await opened(caller)];
    expect(one).to.not.equal(other);
    const calls = async (session: string) => valueIn(await callIn(caller, 'count', session)).calls;
    expect([await calls(one), await calls(one), await calls(other), await calls(one)]).to.deep.equal([
      1, 2, 1, 3,
    ]);
    expect(valueIn(await caller.call('count', {}))).to.include({ calls: 1, affinity: 'request' });
  });

  it('says what to do about a handle that has ended, or never was', async () => {
    const caller = callerOf(gateway());
    const session = await opened(caller);
    expectNamed((await callIn(caller, 'close_session', session)).result);
    for (const handle of [session, 'x'.repeat(500), '']) {
      const { status, result } = await callIn(caller, 'count', handle);
      expect(status).to.equal(200);
      expect(result.isError).to.equal(true);
      expectNamed(result);
      expect((result.content as { text: string }[])[0]?.text).to.include('open_session');
    }
  });

  it('gives session-era clients neither the tools nor a session with a handle', async () => {
    const session = await opened(callerOf(gateway()));
    const response = await fetch(gateway().url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-session-id': session,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    });
    expect(response.status).to.equal(404);
    await response.text();
  });
});
