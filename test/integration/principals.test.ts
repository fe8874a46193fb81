/** Principals that an embedding program names: what belongs to one is nobody else's. */
import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { MAX_SUBSCRIPTIONS_OF_PRINCIPAL } from '../../src/delivery/subscriptions.js';
import type { Authentication } from '../../src/index.js';
import { once } from '../support/events.js';
import { expectRejection } from '../support/expectations.js';
import { type Gateway, rawClient, sharedGateway } from '../support/gateway.js';
import { askToListen } from '../support/listener.js';
import { fixtureModule } from '../support/modules.js';
import { initializeRequest, type RawClient, type RawResponse, textOf } from '../support/raw-client.js';
import {
  type CallerOptions,
  type Fields,
  type Reply,
  StatelessCaller,
  textIn,
} from '../support/stateless-caller.js';

const serverModule = fixtureModule('affinity');

const ADA = { issuer: 'https://issuer.example', subject: 'ada' };
const BOB = { issuer: 'https://issuer.example', subject: 'bob' };
const TOKENS: Readonly<Record<string, Authentication>> = {
  'Bearer token-of-ada': ADA,
  'Bearer token-of-bob': BOB,
};

/** Whose token it is, or what a header says of the user, as JSON; a promise, as a look-up would return it. */
async function authenticate({ headers }: IncomingMessage): Promise<Authentication> {
  const known = TOKENS[headers.authorization ?? ''];
  if (known !== undefined) return known;
  const user = headers['x-user'];
  return typeof user === 'string' ? JSON.parse(user) : undefined;
}

function as(principal: object): { headers: Record<string, string> } {
  return { headers: { 'x-user': JSON.stringify(principal) } };
}

function valueIn(reply: Reply): Fields {
  return JSON.parse(textIn(reply));
}

describe('Two principals over HTTP', () => {
  const gateway = sharedGateway({ serverModule, affinity: 'principal', authenticate });
  const callerOf = (options: CallerOptions = {}) => new StatelessCaller(gateway().url, options);
  const keep = async (principal: object, value: string): Promise<Fields> =>
    valueIn(await callerOf().call('keep', { value }, {}, as(principal)));

  it('never share a compartment, and each meets its own again', async () => {
    expect(await keep(ADA, 'a')).to.deep.equal({ before: null, now: 'a' });
    expect(await keep(BOB, 'b')).to.deep.equal({ before: null, now: 'b' });
    expect(await keep(ADA, 'c')).to.deep.equal({ before: 'a', now: 'c' });
    expect(await keep(BOB, 'd')).to.deep.equal({ before: 'b', now: 'd' });
    const identities = gateway()
      .sessions()
      .map(({ context }) => context.identity?.subject);
    expect(identities).to.have.members(['ada', 'bob']);
  });

  it('are each answered with what is theirs, in 1,000 requests with both tokens at the same time', async () => {
    const callers = ['ada', 'bob'].map((user) => ({ user, caller: callerOf({ token: `token-of-${user}` }) }));
    const wrong: string[] = [];
    let sent = 0;
    const askInTurn = async (): Promise<void> => {
      while (sent < 1_000) {
        const { user, caller } = callers[sent % 2]!;
        sent += 1;
        const text = `${user} ${sent} ${'.'.repeat(sent % 5)}`;
        const { said, principal } = valueIn(await caller.call('echo', { text }));
        if (said !== text || principal !== `https://issuer.example ${user}`)
          wrong.push(`${text}: ${principal} ${said}`);
      }
    };
    await Promise.all(Array.from({ length: 16 }, askInTurn));
    expect(sent).to.equal(1_000);
    expect(wrong).to.deep.equal([]);
    expect(gateway().sessions()).to.have.lengthOf(2);
  });

  it('are others with another issuer or subject, and the same with other scopes', async () => {
    for (const other of [
      { ...ADA, issuer: 'https://other.example' },
      { ...ADA, subject: 'ada admin' },
    ])
      expect((await keep(other, 'x')).before, JSON.stringify(other)).to.equal(null);
    const before = (await keep(ADA, 'y')).now;
    expect((await keep({ ...ADA, scopes: ['admin'] }, 'z')).before).to.equal(before);
  });

  it('do not find sessions of each other: 404, after which a client begins one of its own', async () => {
    const client = (principal: object): RawClient => rawClient(gateway(), as(principal));
    const ada = client(ADA);
    await ada.initialize();
    const bob = client(BOB);
    bob.sessionId = ada.sessionId;
    bob.protocolVersion = ada.protocolVersion;
    await expectRejection(await bob.post({ jsonrpc: '2.0', id: 1, method: 'ping' }), 404);
    await expectRejection(await bob.delete(), 404);
    expect(textOf(await ada.call('keep', { value: 'mine' }))).to.include('mine');
  });

  it('have limits of their own: what one has used up, the other still has', async () => {
    const streams: RawResponse[] = [];
    const listenAs = async (principal: object): Promise<RawResponse> => {
      const client = rawClient(gateway(), as(principal));
      const response = await askToListen(client, { toolsListChanged: true });
      if (response.isEventStream) await response.stream.message();
      streams.push(response);
      return response;
    };
    for (let open = 0; open < MAX_SUBSCRIPTIONS_OF_PRINCIPAL; open += 1)
      expect((await listenAs(ADA)).isEventStream).to.equal(true);
    const { error } = await (await listenAs(ADA)).json();
    expect(error?.data).to.include({ reason: 'principal_subscription_limit' });
    expect((await listenAs(BOB)).isEventStream).to.equal(true);
    for (const { incoming } of streams) incoming.destroy();
  });

  for (const [what, given, status, reason] of [
    ['nobody', undefined, 401, 'unauthorized'],
    ['a refusal', { status: 403, message: 'Your plan has no tools.' }, 403, 'forbidden'],
    ['a subject that is none', { subject: 7 }, 500, 'authentication_failed'],
  ] as const)
    it(`are refused before their body is read, for ${what}: ${status}`, async () => {
      const rejected = once(gateway().events, 'rejected');
      const headers = given === undefined ? {} : as(given).headers;
      const { error } = await expectRejection(
        await rawClient(gateway()).post(initializeRequest(1), headers),
        status,
      );
      expect(error?.data).to.include({ reason });
      if (status === 403) expect(error?.message).to.equal('Your plan has no tools.');
      expect(((await rejected) as { reason: string }).reason).to.equal(reason);
    });
});

describe('Handles of two principals', () => {
  const gateway = sharedGateway({ serverModule, affinity: 'handle', authenticate });

  it('are of no use to the other', async () => {
    const call = (name: string, args: Fields, principal: object) => callAs(gateway(), name, args, principal);
    const { result } = await call('open_session', {}, ADA);
    const { session } = result.structuredContent as { session: string };
    expect(valueIn(await call('keep', { value: 'a', session }, ADA)).now).to.equal('a');
    for (const tool of ['keep', 'close_session']) {
      const refused = await call(tool, { value: 'b', session }, BOB);
      expect(refused.result.isError, tool).to.equal(true);
      expect(textIn(refused)).to.include('There is no session');
    }
    expect(valueIn(await call('keep', { value: 'c', session }, ADA)).before).to.equal('a');
  });
});

function callAs(gateway: Gateway, name: string, args: Fields, principal: object): Promise<Reply> {
  const { headers } = as(principal);
  const param = args.session === undefined ? {} : { 'mcp-param-session': String(args.session) };
  return new StatelessCaller(gateway.url).call(name, args, {}, { headers: { ...headers, ...param } });
}
