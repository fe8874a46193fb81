import { expect } from 'chai';
import { collect } from '../support/events.js';
import { type Gateway, rawClient, renewedGateway, startGateway } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { fixtureModule } from '../support/modules.js';
import { initializeRequest, type JsonRpcMessage } from '../support/raw-client.js';
import { shortenTimeouts } from '../support/timers.js';

const VERSIONS = ['2024-10-07', '2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '1999-01-01'];
const LAST_WITH_BATCHES = '2025-03-26';
const LISTS = ['tools/list', 'resources/list', 'resources/templates/list'];
/** The server has none of these; the last exists nowhere. */
const MISSING = ['prompts/list'];
const UNKNOWN = ['completion/complete', 'prompts/get', 'no/such/method'];

/** Parameters with which the main thread can answer. */
const PLAIN_PARAMS = [undefined, {}, { _meta: {} }, { _meta: { progressToken: 'token' } }];
/** Parameters with which only the server can answer. */
const OTHER_PARAMS = [
  { cursor: 'next' },
  { cursor: 7 },
  { _meta: { 'example.com/mine': 1 } },
  { extra: true },
];

const MALFORMED: readonly [string, unknown][] = [
  ['no params', undefined],
  ['no clientInfo', { protocolVersion: '2025-11-25', capabilities: {} }],
  [
    'a version that is a number',
    { protocolVersion: 1, capabilities: {}, clientInfo: { name: 'a', version: '1' } },
  ],
  [
    'capabilities that are a list',
    { protocolVersion: '2025-11-25', capabilities: [], clientInfo: { name: 'a', version: '1' } },
  ],
];

interface Answered {
  readonly status: number;
  /** Over HTTP+SSE. */
  readonly event?: string | undefined;
  readonly body: string;
}

interface Asker {
  ask(message: object): Promise<Answered>;
}

describe('what a static module answers asleep is to the byte what a thread answers', () => {
  const { expectSame, bothGateways } = shared();

  for (const version of VERSIONS) {
    it(`over Streamable HTTP with ${version}`, async () => {
      await expectSame(version, (gateway) => Promise.resolve(overHttp(gateway)));
    });

    it(`over the legacy transport with ${version}`, async () => {
      await expectSame(version, overSse);
    });
  }

  it('in a batch, where there are batches', async () => {
    const batch = [...LISTS, ...MISSING, 'ping'].map((method, id) => ({ jsonrpc: '2.0', id, method }));
    const [asleep, awake] = bothGateways();
    const claims = collect(asleep.events, 'thread-claimed');
    const answers: Answered[] = [];
    for (const gateway of [asleep, awake]) {
      const asker = overHttp(gateway);
      await asker.ask(initializeRequest(1, LAST_WITH_BATCHES));
      answers.push(await asker.ask(batch));
    }
    expect(claims).to.deep.equal([]);
    expect(JSON.parse(answers[0]!.body)).to.have.length(batch.length);
    expect(sortedBatch(answers[0]!)).to.deep.equal(sortedBatch(answers[1]!));
  });
});

describe('a static module that never answers for one of its lists', () => {
  it('is refused after ten seconds, in a sentence that names the list', async () => {
    const shortened = shortenTimeouts(10_000, 3_000);
    const starting = startGateway({ serverModule: fixtureModule('broken-static') });
    const error = await starting.then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error?.message).to.match(/broken-static\.mjs: resources\/list was not answered within 10 s$/);
    expect(shortened.set).to.be.at.least(1);
  });
});

describe('what a static module cannot answer asleep', () => {
  const { expectWoken, bothGateways } = shared();

  it('is answered by the server: a cursor, and what else could change a list', async () => {
    const messages = OTHER_PARAMS.flatMap((params) => LISTS.map((method) => ({ method, params })));
    await expectWoken(messages);
  });

  it('is answered by the server: methods that it does not have', async () => {
    await expectWoken(UNKNOWN.map((method) => ({ method, params: undefined })));
  });

  for (const [what, params] of MALFORMED) {
    it(`is refused by the server: initialize with ${what}`, async () => {
      const [asleep, awake] = bothGateways();
      const claims = collect(asleep.events, 'thread-claimed');
      const message = {
        jsonrpc: '2.0',
        id: 'start',
        method: 'initialize',
        ...(params !== undefined && { params }),
      };
      const refused = await overHttp(asleep).ask(message);
      expect(JSON.parse(refused.body) as JsonRpcMessage).to.have.property('error');
      expect(refused).to.deep.equal(await overHttp(awake).ask(message));
      expect(claims).to.have.length(1);
      expect(asleep.sessions()).to.deep.equal([]);
    });
  }
});

function request(id: number | string, method: string, params: unknown): object {
  return { jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) };
}

/** Two gateways for a `describe`: the one with static lists first. In both, a session keeps its thread once it has one. */
function shared() {
  const options = { sleepAfter: 0, sseAfter: '30s' };
  const ofStatic = renewedGateway({ ...options, serverModule: fixtureModule('sleepy-static') });
  const ofThread = renewedGateway({ ...options, serverModule: fixtureModule('sleepy') });
  const bothGateways = (): [Gateway, Gateway] => [ofStatic(), ofThread()];
  /** The same conversation with both, in which no thread is claimed by the static one. */
  async function expectSame(version: string, connect: (gateway: Gateway) => Promise<Asker>): Promise<void> {
    const [asleep, awake] = bothGateways();
    const claims = collect(asleep.events, 'thread-claimed');
    const askers = [await connect(asleep), await connect(awake)] as const;
    const messages = [
      initializeRequest('start', version),
      ...[...LISTS, ...MISSING, 'ping'].flatMap((method, index) =>
        PLAIN_PARAMS.map((params, variant) => request(index * 10 + variant, method, params)),
      ),
    ];
    await expectSameAnswers(askers, messages);
    expect(claims).to.deep.equal([]);
  }

  async function expectWoken(messages: readonly { method: string; params: unknown }[]): Promise<void> {
    const [asleep, awake] = bothGateways();
    const askers = [overHttp(asleep), overHttp(awake)] as const;
    for (const asker of askers) await asker.ask(initializeRequest(0));
    const claims = collect(asleep.events, 'thread-claimed');
    for (const [index, { method, params }] of messages.entries()) {
      const message = request(`wakes ${index}`, method, params);
      await expectSameAnswers(askers, [message]);
      expect(claims, JSON.stringify(message)).to.have.length(1);
    }
  }

  return { bothGateways, expectSame, expectWoken };
}

async function expectSameAnswers(
  [ofStatic, ofThread]: readonly [Asker, Asker],
  messages: readonly object[],
): Promise<void> {
  for (const message of messages) {
    expect(await ofStatic.ask(message), JSON.stringify(message)).to.deep.equal(await ofThread.ask(message));
  }
}

function overHttp(gateway: Gateway): Asker {
  const client = rawClient(gateway);
  return {
    async ask(message) {
      const response = await client.post(message);
      client.sessionId ??= response.headers['mcp-session-id'] as string | undefined;
      return { status: response.status, body: await response.messageTexts() };
    },
  };
}

async function overSse(gateway: Gateway): Promise<Asker> {
  const client = await LegacyClient.open(gateway);
  return {
    async ask(message) {
      const { status } = await client.post(message);
      const { event, data = '' } = await client.stream.next(({ comment }) => comment === undefined);
      return { status, event, body: data };
    },
  };
}

/** A thread may answer the requests of a batch in any order. */
function sortedBatch({ status, event, body }: Answered): object {
  const texts = (JSON.parse(body) as object[]).map((message) => JSON.stringify(message));
  return { status, event, texts: texts.sort() };
}
