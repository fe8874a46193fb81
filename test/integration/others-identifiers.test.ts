/**
 * Whoever has the identifiers of another principal has nothing: each place that takes one answers as for an identifier that
 * nobody has, and nothing happens to what it names. Here the ids of sessions, and of what is in them.
 */
import { expect } from 'chai';
import { Belongings, type CallOfAda, callOf, type IdKind } from '../support/belongings.js';
import { afterThisTest } from '../support/cleanup.js';
import { initializeRequest, RawClient, type RawResponse, toolCall } from '../support/raw-client.js';
import {
  clientOf,
  expectNothingGiven,
  gatewayOfTwo,
  tokenOf,
  toldIn,
  unknownId,
  unknownText,
} from '../support/two-principals.js';

const ID_KINDS: readonly IdKind[] = [
  'session over Streamable HTTP',
  'legacy session',
  'compartment',
  'handle',
];
const OPERATOR = 'the-token-of-the-operator';
const SEEN = toolCall('bob', 'seen');

/** What bob sends, with the id of a session; the rest is ada's in any case. */
type Attempt = (bob: RawClient, id: string, call: CallOfAda) => Promise<RawResponse>;

const cancelOf = ({ requestId }: CallOfAda): object => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId },
});
const progressFor = ({ progressToken }: CallOfAda): object => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken, progress: 1_000 },
});
const answerTo = ({ questionId }: CallOfAda): object => ({
  jsonrpc: '2.0',
  id: Number(questionId),
  result: { action: 'accept', content: { name: 'Bob' } },
});
const batchFor = (call: CallOfAda): object[] => [cancelOf(call), answerTo(call), SEEN];

const posted =
  (messageFor: (call: CallOfAda) => object, headers = {}): Attempt =>
  (bob, id, call) =>
    bob.post(messageFor(call), { 'mcp-session-id': id, ...headers });
const toMessages =
  (messageFor: (call: CallOfAda) => object): Attempt =>
  (bob, id, call) =>
    bob.send('POST', JSON.stringify(messageFor(call)), {}, new URL(`messages?sessionId=${id}`, bob.url));

type Attempts = readonly [what: string, status: number, attempt: Attempt][];

const POSTS: Attempts = [
  ['a request', 404, posted(() => SEEN)],
  ['a request with the id of one in flight', 404, posted(({ requestId }) => toolCall(requestId, 'seen'))],
  ['a cancellation', 404, posted(cancelOf)],
  ['progress', 404, posted(progressFor)],
  ['the answer to a question', 404, posted(answerTo)],
  ['a batch, as of 2025-03-26', 404, posted(batchFor, { 'mcp-protocol-version': '2025-03-26' })],
  ['initialize', 404, posted(() => initializeRequest('bob'))],
  ['notifications/initialized', 404, posted(() => ({ jsonrpc: '2.0', method: 'notifications/initialized' }))],
];
const OTHERS: Attempts = [
  ['GET', 404, (bob, id) => bob.get({ 'mcp-session-id': id })],
  ['GET after an event of the GET stream', 404, (bob, id) => bob.get({ 'mcp-session-id': id }, '0.get')],
  // As after a restart: each request that the event id itself names is answered with an error.
  ['GET after an event of a call', 200, (bob, id, call) => bob.get({ 'mcp-session-id': id }, call.eventId)],
  ['DELETE', 404, (bob, id) => bob.delete({ 'mcp-session-id': id })],
  [
    'a request of the stateless era, to which the id says nothing',
    200,
    (bob, id) => callOf(bob, 'seen', undefined, { headers: { 'mcp-session-id': id } }),
  ],
  ['a request to the legacy endpoint', 404, toMessages(() => SEEN)],
  ['a cancellation to the legacy endpoint', 404, toMessages(cancelOf)],
  ['progress to the legacy endpoint', 404, toMessages(progressFor)],
  ['the answer to a question to the legacy endpoint', 404, toMessages(answerTo)],
  ['a batch to the legacy endpoint', 404, toMessages(batchFor)],
  ['initialize to the legacy endpoint', 404, toMessages(() => initializeRequest('bob'))],
];

for (const [when, lenientVersionHeader, attempts] of [
  ['', false, [...POSTS, ...OTHERS]],
  [' where bodies are read first', true, POSTS],
] as const) {
  describe(`The id of another principal's session${when}`, () => {
    const gateway = gatewayOfTwo({ lenientVersionHeader });
    let ada: Belongings;
    let bobs: Record<'own' | 'handles', RawClient>;
    before('open the sessions', async () => {
      ada = await Belongings.open(gateway());
      const [own, handles] = ['/own/mcp', '/handles/mcp'].map((path) => clientOf(gateway(), 'bob', path));
      bobs = { own: own!, handles: handles! };
    });
    after('close the connections', () => {
      for (const bob of Object.values(bobs)) bob.destroy();
      ada.close();
    });

    for (const [what, status, attempt] of attempts) {
      it(`is unknown in ${what}`, async () => {
        const calls = await ada.begin();
        const before = ada.record();
        for (const kind of ID_KINDS) {
          const bob = kind === 'handle' ? bobs.handles : bobs.own;
          const id = ada.ids[kind];
          const call = { ...calls[kind], eventId: calls['session over Streamable HTTP'].eventId };
          const stranger = unknownId();
          const unknown = await toldIn(await attempt(bob, stranger, call), [stranger]);
          const known = await toldIn(await attempt(bob, id, call), [id]);
          expectNothingGiven(known, unknown, kind);
          expect(known.status, `${kind}: ${known.body}`).to.equal(status);
        }
        expect(ada.record()).to.deep.equal(before);
        for (const { finish } of Object.values(calls)) await finish();
        await ada.expectUnharmed();
      });
    }
  });
}

describe('The admin listener that needs the option token', () => {
  const gateway = gatewayOfTwo({ token: OPERATOR });
  let ada: Belongings;
  before('open the sessions', async () => {
    ada = await Belongings.open(gateway());
  });
  after('close the connections', () => ada.close());

  const clientWith = (token: string): RawClient => {
    const client = new RawClient(gateway().adminUrl, { headers: { authorization: `Bearer ${token}` } });
    afterThisTest(() => client.destroy());
    return client;
  };
  const at =
    (client: RawClient) =>
    (method: string, path: string): Promise<RawResponse> =>
      client.send(method, undefined, { accept: undefined }, new URL(path, gateway().adminUrl));

  it('refuses a named token at each path, whether there is such a session or server or not', async () => {
    const ask = at(clientWith(tokenOf('bob')));
    const calls = await ada.begin();
    const before = {
      record: ada.record(),
      versions: gateway()
        .servers()
        .map(({ version }) => version),
    };
    for (const id of [...Object.values(ada.ids), 'own', 'each']) {
      const other = id.length > 10 ? unknownId() : unknownText(id);
      for (const [method, path] of [
        ['GET', `/sessions/${id}`],
        ['HEAD', `/sessions/${id}`],
        ['DELETE', `/sessions/${id}`],
        ['POST', `/servers/${id}/reload`],
        ['POST', `/servers/${id}/reload?sessions=all`],
      ] as const) {
        const unknown = await toldIn(await ask(method, path.replace(id, other)), [other]);
        const known = await toldIn(await ask(method, path), [id]);
        expectNothingGiven(known, unknown, `${method} ${path}`);
        expect(known.status).to.equal(401);
      }
    }
    for (const path of ['/sessions', '/clients', '/metrics', '/servers', '/nothing']) {
      const told = await toldIn(await ask('GET', path), []);
      expectNothingGiven(told, await toldIn(await ask('GET', '/no-such-path'), []), path);
      expect(told.status).to.equal(401);
    }
    expect({
      record: ada.record(),
      versions: gateway()
        .servers()
        .map(({ version }) => version),
    }).to.deep.equal(before);
    for (const { finish } of Object.values(calls)) await finish();
    await ada.expectUnharmed();
  });

  it('answers the operator', async () => {
    const ask = at(clientWith(OPERATOR));
    const id = ada.ids.compartment;
    expect((await (await ask('GET', `/sessions/${id}`)).text()).includes(id)).to.equal(true);
    expect((await ask('GET', `/sessions/${unknownId()}`)).status).to.equal(404);
  });
});
