/**
 * What another principal's requests are called by, in a session or a request of one's own: the ids of requests and of what a
 * server has asked, progress tokens, event ids, handles, states of calls that wait, subscriptions, tasks. Each is answered as one
 * that nobody has.
 */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Belongings, type CallOfAda, callOf } from '../support/belongings.js';
import { afterThisTest } from '../support/cleanup.js';
import { collect } from '../support/events.js';
import { progressOf } from '../support/expectations.js';
import { LegacyClient } from '../support/legacy-client.js';
import { listen, SUBSCRIPTION_ID } from '../support/listener.js';
import { fixtureModule, joined } from '../support/modules.js';
import { type RawClient, type RawResponse, textOf, toolCall } from '../support/raw-client.js';
import { postStateless, STATELESS_VERSION } from '../support/stateless.js';
import {
  clientOf,
  expectNothingGiven,
  gatewayOfTwo,
  type Told,
  toldIn,
  unknownId,
  unknownState,
  unknownText,
  without,
} from '../support/two-principals.js';

const BOB = { action: 'accept', content: { name: 'Bob' } };
const OF_STATELESS_ERA = { 'mcp-protocol-version': STATELESS_VERSION };

const cancelOf = (requestId: unknown): object => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId },
});
const progressFor = (progressToken: unknown): object => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken, progress: 1_000 },
});

describe("What another principal's requests are called by", () => {
  const gateway = gatewayOfTwo();
  let ada: Belongings;
  before('open the sessions', async () => {
    ada = await Belongings.open(gateway());
  });
  after('close the connections', () => ada.close());

  /** A client of bob, for this test. */
  const bobAt = (path?: string): RawClient => {
    const client = clientOf(gateway(), 'bob', path);
    afterThisTest(() => client.destroy());
    return client;
  };

  /** What is sent to bob's own session, or for nobody's: with an identifier of ada, and with one that nobody has. */
  type Attempt = (identifier: string) => Promise<RawResponse>;

  async function expectNothing(what: string, identifier: string, other: string, attempt: Attempt) {
    const unknown = await toldIn(await attempt(other), [other]);
    const known = await toldIn(await attempt(identifier), [identifier]);
    expectNothingGiven(known, unknown, what);
    return known;
  }

  /** An answer of bob is none to what ada was asked. */
  async function expectNoAnswer(questionId: string, send: (message: object) => Promise<RawResponse>) {
    if (questionId === '') return;
    const [known, unknown] = [
      await send({ jsonrpc: '2.0', id: Number(questionId), result: BOB }),
      await send({ jsonrpc: '2.0', id: 12_345, result: BOB }),
    ];
    expectNothingGiven(await toldIn(known, []), await toldIn(unknown, []), 'answer');
  }

  /** A call of ada in each era and over each transport goes on to its end, whatever bob does. */
  async function whileAdaCalls(attack: (calls: readonly CallOfAda[]) => Promise<void>): Promise<void> {
    const calls = Object.values(await ada.begin());
    const before = ada.record();
    await attack(calls);
    expect(ada.record()).to.deep.equal(before);
    for (const { finish } of calls) await finish();
    await ada.expectUnharmed();
  }

  /** The keys by which the gateway knows the requests; its errors say them. */
  const keys = (): string[] =>
    gateway()
      .sessions()
      .flatMap(({ requests }) => requests.map(({ key }) => key));

  it('is nothing in a session of one own over Streamable HTTP: cancellation, progress, answer, request', async () => {
    const bob = bobAt();
    await bob.initialize();
    const unmatched = collect(gateway().events, 'response-unmatched');
    await whileAdaCalls(async (calls) => {
      for (const key of keys())
        await expectNothing('key', key, unknownText(key), (id) => bob.post(cancelOf(id)));
      for (const { requestId, progressToken, questionId } of calls) {
        await expectNothing('cancellation', requestId, unknownText(requestId), (id) =>
          bob.post(cancelOf(id)),
        );
        await expectNothing('progress', progressToken, unknownText(progressToken), (token) =>
          bob.post(progressFor(token)),
        );
        await expectNoAnswer(questionId, (message) => bob.post(message));
      }
    });
    expect(unmatched.every(({ context }) => context.identity.subject === 'bob')).to.equal(true);
    await whileAdaCalls(async (calls) => {
      for (const { requestId, progressToken } of calls) {
        // Two calls with one id, in sessions of two principals.
        const told = await expectNothing('request', requestId, unknownText(requestId), (id) =>
          bob.post(toolCall(id, 'release', {}, progressToken)),
        );
        expect(told.status).to.equal(200);
      }
    });
  });

  it('is nothing in a legacy session of one own: cancellation, progress, answer, request', async () => {
    const http = bobAt();
    const bob = await LegacyClient.over(http, new URL('/own/sse', gateway().url));
    await bob.initialize();
    await whileAdaCalls(async (calls) => {
      for (const { requestId, progressToken, questionId } of calls) {
        await expectNothing('cancellation', requestId, unknownText(requestId), (id) =>
          bob.post(cancelOf(id)),
        );
        await expectNothing('progress', progressToken, unknownText(progressToken), (token) =>
          bob.post(progressFor(token)),
        );
        await expectNoAnswer(questionId, (message) => bob.post(message));
      }
    });
    await whileAdaCalls(async (calls) => {
      for (const { requestId } of calls) {
        expect(textOf(await bob.call(requestId, 'release'))).to.equal('0');
      }
    });
    const own = [...bob.stream.messages].map(({ method }) => method).filter((method) => method !== undefined);
    expect(own, 'nothing of ada came over the stream').to.deep.equal([]);
  });

  it('is nothing in the stateless era: cancellation, progress, answer, request', async () => {
    const bob = bobAt();
    const notified = (message: object) => {
      const { method } = message as { method?: string };
      return bob.post(message, { ...OF_STATELESS_ERA, 'mcp-method': method });
    };
    await whileAdaCalls(async (calls) => {
      for (const key of keys()) {
        await expectNothing('key', key, unknownText(key), (id) => notified(cancelOf(id)));
        await expectNothing('request by key', key, unknownText(key), (id) =>
          callOf(bob, 'release', undefined, { id }),
        );
      }
      for (const { requestId, progressToken, questionId } of calls) {
        const other = unknownText(requestId);
        await expectNothing('cancellation', requestId, other, (id) => notified(cancelOf(id)));
        await expectNothing('progress', progressToken, unknownText(progressToken), (token) =>
          notified(progressFor(token)),
        );
        await expectNothing('request', requestId, other, (id) => callOf(bob, 'release', undefined, { id }));
        await expectNoAnswer(questionId, notified);
      }
    });
  });

  it('is a progress token of one own in a call of one own, at the same time', async () => {
    const call = await ada.wait();
    const bob = bobAt();
    const waitWith = async (progressToken: string): Promise<Told> => {
      const response = await callOf(bob, 'wait', undefined, { progressToken });
      await response.stream.message(({ method }) => method === 'notifications/progress');
      expect(textOf(await (await callOf(bob, 'release')).answer(1))).to.equal('1');
      await response.stream.ended;
      const { messages } = response.stream;
      expect(progressOf(messages, progressToken)).to.deep.equal([1, 2]);
      return without(response, JSON.stringify(messages).replace(/released \d+/, ''), [progressToken]);
    };
    const unknown = await waitWith(unknownText(call.progressToken));
    expectNothingGiven(await waitWith(call.progressToken), unknown, 'progress token');
    await call.finish();
  });

  it('is an event of no stream in a session of one own', async () => {
    const bob = bobAt();
    await bob.initialize();
    await whileAdaCalls(async ([{ eventId, requestId } = { eventId: '', requestId: '' }]) => {
      const eventIdOf = (id: string): string =>
        eventId.replace(/[^.]+$/, Buffer.from(JSON.stringify([id])).toString('base64url'));
      expect(eventIdOf(requestId), 'how event ids are made').to.equal(eventId);
      const other = unknownText(requestId);
      const told = async (id: string): Promise<Told> => {
        const [, stream = '', suffix = ''] = eventIdOf(id).split('.');
        return toldIn(await bob.get({}, eventIdOf(id)), [id, `${stream}.${suffix}`]);
      };
      const known = await told(requestId);
      expectNothingGiven(known, await told(other), 'event id of a call');
      expect(known.body).to.include('stream_lost').and.not.include('elicitation');
    });
  });
});

describe('A handle of another principal', () => {
  const gateway = gatewayOfTwo();
  let ada: Belongings;
  before('open the sessions', async () => {
    ada = await Belongings.open(gateway());
  });
  after('close the connections', () => ada.close());

  it('is unknown to each tool, and so is each other id of ada', async () => {
    const bob = clientOf(gateway(), 'bob', '/handles/mcp');
    afterThisTest(() => bob.destroy());
    const calls = Object.values(await ada.begin());
    const before = ada.record();
    for (const tool of ['seen', 'release', 'close_session', 'no_such_tool']) {
      for (const id of Object.values(ada.ids)) {
        const other = unknownId();
        const unknown = await toldIn(await callOf(bob, tool, other), [other]);
        const known = await toldIn(await callOf(bob, tool, id), [id]);
        expectNothingGiven(known, unknown, tool);
        expect(known.body, tool).to.include('There is no session');
      }
    }
    expect(ada.record()).to.deep.equal(before);
    for (const { finish } of calls) await finish();
    await ada.expectUnharmed();
  });
});

describe('The state of a call of another principal that waits', () => {
  const gateway = gatewayOfTwo();
  const clients: RawClient[] = [];
  const client = (who: 'ada' | 'bob', path: string): RawClient => {
    const made = clientOf(gateway(), who, path);
    clients.push(made);
    return made;
  };
  let ada: Belongings;
  before('open the sessions', async () => {
    ada = await Belongings.open(gateway());
  });
  after('close the connections', () => {
    ada.close();
    for (const made of clients) made.destroy();
  });

  for (const [affinity, path] of [
    ['principal', '/own/mcp'],
    ['request', '/each/mcp'],
    ['handle', '/handles/mcp'],
  ] as const) {
    it(`with affinity ${affinity} is one that nobody has issued, as long as it waits and after that`, async () => {
      const bob = client('bob', path);
      const handle = affinity === 'handle' ? ada.ids.handle : undefined;
      const { state, finish } =
        handle === undefined ? await ada.park(client('ada', path)) : await ada.parkByHandle();
      const unparked = collect(gateway().events, 'call-unparked');
      const attempts: ((requestState: string) => Promise<RawResponse>)[] = [
        (requestState) => callOf(bob, 'ask', handle, {}, { requestState }),
        (requestState) =>
          callOf(bob, 'ask', handle, {}, { requestState, inputResponses: { 'elicitation-1': BOB } }),
        (requestState) => callOf(bob, 'seen', handle, {}, { requestState }),
        (requestState) => postStateless(bob, 'tools/list', { requestState }),
      ];
      const attack = async (): Promise<void> => {
        for (const attempt of attempts) {
          const other = unknownState(state);
          const unknown = await toldIn(await attempt(other), [other]);
          const known = await toldIn(await attempt(state), [state]);
          expectNothingGiven(known, unknown, 'state');
          expect(known.body).to.include('has not issued it');
        }
      };
      await attack();
      expect(unparked).to.deep.equal([]);
      await finish();
      expect(unparked.map(({ outcome }) => outcome)).to.deep.equal(['resumed']);
      await attack();
    });
  }
});

describe('A subscription of another principal', () => {
  const gateway = gatewayOfTwo();

  it('goes on, and tells only its own client, whatever the other listens to under the same id', async () => {
    const [ada, bob] = (['ada', 'bob'] as const).map((who) => clientOf(gateway(), who)) as [
      RawClient,
      RawClient,
    ];
    afterThisTest(() => {
      ada.destroy();
      bob.destroy();
    });
    const ids = ['listen-0001', unknownText('listen-0001')] as const;
    const wanted = { resourceSubscriptions: ['note:1'] };
    const heard = await listen(ada, wanted, ids[0]);
    const update = async (client: RawClient): Promise<void> => {
      const params = { name: 'update', arguments: { uri: 'note:1' } };
      await (await postStateless(client, 'tools/call', params)).answer(1);
    };
    const updates: number[] = [];
    const toldOf = async (id: string) => {
      const own = await listen(bob, wanted, id);
      expect(own.acknowledgement.params?._meta).to.deep.include({ [SUBSCRIPTION_ID]: id });
      await update(ada);
      await heard.next('resources/updated');
      await update(bob);
      await own.next('resources/updated');
      updates.push(own.told.length, heard.told.length);
      own.stream.destroy();
      return JSON.parse(JSON.stringify(own.stream.messages).replaceAll(id, '(identifier)')) as unknown;
    };
    const unknown = await toldOf(ids[1]);
    expect(await toldOf(ids[0])).to.deep.equal(unknown);
    expect(updates, 'each was told of one update, its own').to.deep.equal([1, 1, 1, 2]);

    const cancel = async (id: string): Promise<Told> =>
      toldIn(await bob.post(cancelOf(id), { ...OF_STATELESS_ERA, 'mcp-method': 'notifications/cancelled' }), [
        id,
      ]);
    expectNothingGiven(await cancel(ids[0]), await cancel(ids[1]), 'cancellation');
    await update(ada);
    await heard.next('resources/updated');
    expect(heard.told).to.have.lengthOf(3);
  });
});

describe('A task of another principal', () => {
  const gateway = gatewayOfTwo({
    servers: { own: { module: fileURLToPath(joined(fixtureModule('sleepy'))) } },
  });

  it('is unknown to every method that takes its id, and ends as if nobody had asked', async () => {
    const [ada, bob] = (['ada', 'bob'] as const).map((who) => clientOf(gateway(), who)) as [
      RawClient,
      RawClient,
    ];
    afterThisTest(() => {
      ada.destroy();
      bob.destroy();
    });
    await ada.initialize();
    await bob.initialize();
    const asked = { name: 'task', arguments: { ms: 200 }, task: { ttl: 60_000 } };
    const { result } = await ada.ask('tools/call', asked);
    const { taskId } = result!.task as { taskId: string };
    for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
      const attempt = (id: string): Promise<RawResponse> =>
        bob.post({ jsonrpc: '2.0', id: 1, method, params: { taskId: id } });
      const other = unknownText(taskId);
      const unknown = await toldIn(await attempt(other), [other]);
      const known = await toldIn(await attempt(taskId), [taskId]);
      expectNothingGiven(known, unknown, method);
      expect(known.body, method).to.include('"error"');
    }
    expect((await bob.ask('tasks/list')).result?.tasks).to.deep.equal([]);
    expect(textOf(await ada.ask('tasks/result', { taskId }))).to.equal('task done');
  });
});
