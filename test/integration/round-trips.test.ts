import { expect } from 'chai';
import {
  connectedClient,
  type GatewayOptions,
  mcpUrl,
  sharedGateway,
  startGateway,
} from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { textOf } from '../support/raw-client.js';
import { answers } from '../support/round-trips.js';
import { continuation, type Fields, StatelessCaller, textIn } from '../support/stateless-caller.js';

const TOKEN = 'round-trip-token';
/** A stream that has begun has status 200, whatever comes: no answer takes this long. */
const OPTIONS = {
  serverModule: fixtureModule('asking'),
  token: TOKEN,
  sseAfter: '10s',
} satisfies Partial<GatewayOptions>;

function requestsIn({ result }: { result: Fields }): Record<string, { method: string; params: Fields }> {
  return result.inputRequests as Record<string, { method: string; params: Fields }>;
}

describe('A module that asks its client something, in the stateless era', () => {
  const gateway = sharedGateway(OPTIONS);
  const caller = (): StatelessCaller => new StatelessCaller(mcpUrl(gateway()), { token: TOKEN });

  it('is answered with input_required, and gets the answer with the next request', async () => {
    const client = caller();
    const asked = await client.call('hello', {}, {}, { id: 'first' });
    expect(asked).to.deep.include({ status: 200, id: 'first' });
    expect(asked.result).to.have.keys('resultType', 'inputRequests', 'requestState', '_meta');
    expect(requestsIn(asked)).to.deep.equal({
      'elicitation-1': {
        method: 'elicitation/create',
        params: {
          mode: 'form',
          message: 'What is your name?',
          requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
        },
      },
    });
    const reply = await client.call('hello', {}, continuation(asked, answers), { id: 'second' });
    expect(reply).to.deep.include({ status: 200, id: 'second' });
    expect(reply.result.resultType).to.equal('complete');
    expect(textIn(reply)).to.equal('Hello, Ada!');
  });

  const KINDS: readonly [tool: string, method: string, text: string][] = [
    ['sign_in', 'elicitation/create', 'accept'],
    ['sample', 'sampling/createMessage', 'Hi.'],
    ['roots', 'roots/list', 'file:///work'],
  ];
  for (const [tool, method, text] of KINDS) {
    it(`may ask by ${method}: ${tool}`, async () => {
      const asked = await caller().call(tool);
      expect(Object.values(requestsIn(asked)).map((request) => request.method)).to.deep.equal([method]);
      const { reply } = await caller().settle(tool, {}, answers);
      expect(textIn(reply)).to.equal(text);
    });
  }

  it('may have its client open a URL and call again, as in a session', async () => {
    const without = await caller().call('visit', {}, {}, { capabilities: { elicitation: {} } });
    expect(without.status).to.equal(400);
    expect(without.error).to.deep.include({
      code: -32021,
      data: { requiredCapabilities: { elicitation: { url: {} } } },
    });
    expect(textIn(await caller().call('visit'))).to.equal('visited');
  });

  it('asks all at once what it asks in parallel, and in as many rounds as it needs', async () => {
    const all = await caller().settle('all', {}, answers);
    expect([textIn(all.reply), all.rounds]).to.deep.equal(['["Ada","Hi.",1]', 1]);
    const rounds = await caller().settle('rounds', { count: 4 }, answers);
    expect([textIn(rounds.reply), rounds.rounds]).to.deep.equal(['Ada,Ada,Ada,Ada', 4]);
  });

  it('asks while it serves a prompt or a resource as well', async () => {
    for (const [method, params, expected] of [
      ['prompts/get', { name: 'greeting' }, 'Greet Ada.'],
      ['resources/read', { uri: 'test://profile' }, '"text":"Ada"'],
    ] as const) {
      const asked = await caller().request(method, params);
      expect(asked.result.resultType, method).to.equal('input_required');
      const reply = await caller().request(method, { ...params, ...continuation(asked, answers) });
      expect(JSON.stringify(reply.result)).to.include(expected);
    }
  });

  it('cannot ask while it serves anything else', async () => {
    const params = {
      ref: { type: 'ref/resource', uri: 'test://people/{name}' },
      argument: { name: 'name', value: 'A' },
    };
    const { error, result } = await caller().request('completion/complete', params);
    expect(result).to.deep.equal({});
    expect(error?.message).to.match(/not during completion\/complete/);
  });

  it('is asked again for what is missing or no answer, and not for what nobody wanted', async () => {
    const client = caller();
    const asked = await client.call('all');
    const { requestState } = asked.result;
    const some = { 'elicitation-1': 12345, 'roots-3': answers('', { method: 'roots/list' }), other: {} };
    const again = await client.call('all', {}, { inputResponses: some, requestState });
    expect(Object.keys(requestsIn(again))).to.deep.equal(['elicitation-1', 'sampling-2']);
    const reply = await client.call('all', {}, continuation(again, answers));
    expect(textIn(reply)).to.equal('["Ada","Hi.",1]');
  });

  it('uses what came with the first request, under the name that it has chosen', async () => {
    const inputResponses = { user_name: answers('', { method: 'elicitation/create' }), other: 1 };
    expect(textIn(await caller().call('named', {}, { inputResponses }))).to.equal('Hello, Ada!');
    for (const wrong of [{ user_name: 12345 }, { wrong_key: {} }]) {
      const asked = await caller().call('named', {}, { inputResponses: wrong });
      expect(Object.keys(requestsIn(asked))).to.deep.equal(['user_name']);
    }
    for (const wrong of [null, [], 'x']) {
      const { error } = await caller().call('named', {}, { inputResponses: wrong });
      expect(error, JSON.stringify(wrong)).to.include({ code: -32602 });
    }
  });

  it('is refused with -32021 where the request has not declared what it asks', async () => {
    const cases: [string, object, object][] = [
      ['hello', {}, { elicitation: { form: {} } }],
      ['hello', { elicitation: { url: {} } }, { elicitation: { form: {} } }],
      ['sign_in', { elicitation: {} }, { elicitation: { url: {} } }],
      ['all', { elicitation: {} }, { sampling: {}, roots: {} }],
    ];
    for (const [tool, capabilities, requiredCapabilities] of cases) {
      const { status, error } = await caller().call(tool, {}, {}, { capabilities });
      expect(status, tool).to.equal(400);
      expect(error).to.deep.include({ code: -32021, data: { requiredCapabilities } });
    }
    const { reply } = await caller().settle('hello', {}, answers, { capabilities: { elicitation: {} } });
    expect(textIn(reply)).to.equal('Hello, Ada!');
  });

  it('sees what this very request has declared, while another one of the same client runs', async () => {
    const client = caller();
    const declared = [{ elicitation: {} }, { roots: {} }, {}];
    const replies = await Promise.all(
      declared.map((capabilities) => client.call('declared', {}, {}, { capabilities })),
    );
    expect(replies.map((reply) => JSON.parse(textIn(reply)))).to.deep.equal(declared);
    expect(textIn(await client.call('polite', {}, {}, { capabilities: {} }))).to.equal('no forms');
    const { reply } = await client.settle('polite', {}, answers);
    expect(textIn(reply)).to.equal('accept');
  });

  it('that has not waited has its result delivered by the next request', async () => {
    const client = caller();
    const asked = await client.call('within', { ms: 50 });
    await client.call('instance');
    const wait = new Promise((resolve) => setTimeout(resolve, 100));
    await wait;
    const reply = await client.call('within', { ms: 50 }, continuation(asked, answers));
    expect(textIn(reply)).to.equal('too late');
  });

  it('may ping its client, which no client is asked', async () => {
    expect(textIn(await caller().call('ping'))).to.equal('pong');
  });

  it('is the same for clients of the session era, at the same time', async () => {
    const client = await connectedClient(gateway(), {
      headers: { authorization: `Bearer ${TOKEN}` },
      capabilities: {},
    });
    const { reply } = await caller().settle('hello', {}, answers);
    expect(textIn(reply)).to.equal('Hello, Ada!');
    expect(textOf(await client.call('polite'))).to.equal('no forms');
  });

  it('cancels a call whose client closes the response of the request that continues it', async () => {
    const client = caller();
    const { events } = gateway();
    const asked = await client.call('heedful');
    const continued = new Promise((resolve) => events.once('call-unparked', resolve));
    const cancelled = new Promise((resolve) => events.once('request-cancelled', resolve));
    const aborts = new AbortController();
    const lost = client.call('heedful', {}, continuation(asked, answers), { signal: aborts.signal });
    await continued;
    aborts.abort();
    expect(await lost.catch((error: Error) => error.name)).to.equal('AbortError');
    await cancelled;
    expect(textIn(await client.call('cancelled'))).to.equal('1');
  });
});

describe('Progress of a call with several rounds', () => {
  it('has the token of the request that continues it', async () => {
    const gateway = await startGateway({ ...OPTIONS, sseAfter: 0 });
    const client = new StatelessCaller(mcpUrl(gateway), { token: TOKEN });
    let reply = await client.call('rounds', { count: 4 }, {}, { meta: { progressToken: 'p-0' } });
    const seen = [...reply.notifications];
    for (const meta of [{ progressToken: 1 }, {}, { progressToken: 'p-3' }, { progressToken: 'p-4' }]) {
      reply = await client.call('rounds', { count: 4 }, continuation(reply, answers), { meta });
      seen.push(...reply.notifications);
    }
    expect(textIn(reply)).to.equal('Ada,Ada,Ada,Ada');
    const reports = seen.map(({ params: { progressToken, progress } }) => [progressToken, progress]);
    expect(reports).to.deep.equal([
      ['p-0', 1],
      [1, 2],
      ['p-3', 4],
    ]);
  });
});

describe('A module that asks for roots when it has been initialized, in the stateless era', () => {
  const start = async (capabilities: object): Promise<StatelessCaller> => {
    const gateway = await startGateway({ serverModule: fixtureModule('rooted'), token: TOKEN });
    return new StatelessCaller(mcpUrl(gateway), { token: TOKEN, capabilities });
  };

  it('gets them with the first call, where the client has some', async () => {
    const client = await start({ roots: {} });
    const { reply, rounds } = await client.settle('roots', {}, answers);
    expect([textIn(reply), rounds]).to.deep.equal(['file:///work', 1]);
  });

  it('learns that there are none, and serves the call', async () => {
    const client = await start({});
    expect(textIn(await client.call('roots'))).to.equal('error -32601');
  });
});

describe('A call that waits for its client', () => {
  it('lives in a compartment of its own where its client has no credentials', async () => {
    const gateway = await startGateway({ serverModule: fixtureModule('asking') });
    const client = new StatelessCaller(mcpUrl(gateway));
    const asked = await Promise.all(['hello', 'hello', 'instance'].map((tool) => client.call(tool)));
    expect(gateway.snapshot().parkedCalls).to.equal(2);
    for (const one of asked.slice(0, 2)) {
      const reply = await client.call('hello', {}, continuation(one, answers));
      expect(textIn(reply)).to.equal('Hello, Ada!');
    }
    expect(gateway.snapshot().parkedCalls).to.equal(0);
  });
});
