import { expect } from 'chai';
import { GAP_MESSAGE } from '../../src/session/gap-notices.js';
import { once } from '../support/events.js';
import { connectedClient, type Gateway, sharedGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import type { JsonRpcMessage, RawClient } from '../support/raw-client.js';
import type { SseReader } from '../support/sse-reader.js';

/** More than a session's event log holds. */
const TOO_MANY = 1_500;
const COUNTER = 'fixture://counter';
const LAST = 'the last';

const LISTS_CHANGED = ['tools', 'prompts', 'resources'].map((list) => ({
  method: `notifications/${list}/list_changed`,
}));
const WARNING = {
  method: 'notifications/message',
  params: { level: 'warning', logger: 'bulkhead', data: GAP_MESSAGE },
};

for (const { name, serverModule } of [
  { name: 'a server that answers initialize itself', serverModule: fixtureModule('tools') },
  { name: 'a server whose sessions are born asleep', serverModule: fixtureModule('tools-static') },
]) {
  describe(`A GET stream with a gap, of ${name}`, () => {
    const gateway = sharedGateway({ serverModule });

    it('tells a client that comes back behind lost messages, before those that are left', async () => {
      const { client, cursor } = await clientThatMissed(gateway());
      const { told, rest } = await readGap(gateway(), client, cursor);
      expect(told).to.deep.equal([
        ...LISTS_CHANGED,
        { method: 'notifications/resources/updated', params: { uri: COUNTER } },
        WARNING,
      ]);
      expect(rest.length).to.be.within(1, TOO_MANY);
    });

    it('tells a client that opens its first GET stream too late, and once', async () => {
      const client = await connectedClient(gateway());
      await miss(client);
      expect((await readGap(gateway(), client)).told).to.deep.equal([...LISTS_CHANGED, WARNING]);
      await client.call('broadcast', { texts: [LAST] });
      expect((await readGap(gateway(), client)).told).to.deep.equal([]);
    });
  });
}

describe('A GET stream with a gap', () => {
  const gateway = sharedGateway();

  it('is announced again to a client that lost the connection before it had read of it, and to no other', async () => {
    const { client, cursor } = await clientThatMissed(gateway());
    const first = (await client.get({}, cursor)).stream;
    const { id: warned } = await first.next(({ data }) => data?.includes(GAP_MESSAGE) === true);
    await breakOff(gateway(), first);
    const again = await readGap(gateway(), client, cursor);
    expect(again.told).to.deep.include(WARNING);
    const behind = await readGap(gateway(), client, warned);
    expect(behind.told).to.deep.equal([]);
    expect(behind.rest).to.deep.equal(again.rest);
  });

  it('lets a client that had no event id yet hear of it again, when its connection breaks at once', async () => {
    const client = await connectedClient(gateway());
    await miss(client);
    const first = (await client.get()).stream;
    const { id: primingId } = await first.next(({ id }) => id !== undefined);
    await breakOff(gateway(), first);
    expect((await readGap(gateway(), client, primingId)).told).to.deep.include(WARNING);
  });

  it('is not announced where nothing is missing', async () => {
    const client = await connectedClient(gateway());
    await client.call('broadcast', { texts: ['early', LAST] });
    const { told, rest, lastEventId } = await readGap(gateway(), client);
    expect({ told, rest }).to.deep.equal({ told: [], rest: ['early', LAST] });
    await client.call('broadcast', { texts: ['missed', LAST] });
    expect(await readGap(gateway(), client, lastEventId)).to.deep.include({
      told: [],
      rest: ['missed', LAST],
    });
  });

  it('is no log message to a client that wants errors alone', async () => {
    const client = await connectedClient(gateway());
    await miss(client);
    await client.ask('logging/setLevel', { level: 'error' });
    expect((await readGap(gateway(), client)).told).to.deep.equal(LISTS_CHANGED);
  });
});

/** A client whose GET stream broke at `cursor`, and which has missed more events than are kept for it. */
async function clientThatMissed(
  gateway: Gateway,
): Promise<{ client: RawClient; cursor: string | undefined }> {
  const client = await connectedClient(gateway);
  await client.ask('resources/subscribe', { uri: COUNTER });
  const { stream } = await client.get();
  await client.call('broadcast', { texts: ['before'] });
  await stream.message(({ params }) => params?.data === 'before');
  await breakOff(gateway, stream);
  await miss(client);
  return { client, cursor: stream.lastEventId };
}

async function miss(client: RawClient): Promise<void> {
  await client.call('flood', { count: TOO_MANY, bytes: 1, unrelated: true });
  await client.call('broadcast', { texts: [LAST] });
}

/**
 * What the stream says before the first message of the server, and the data of those messages. Ends with the
 * connection.
 */
async function readGap(
  gateway: Gateway,
  client: RawClient,
  cursor?: string,
): Promise<{ told: Partial<JsonRpcMessage>[]; rest: unknown[]; lastEventId: string | undefined }> {
  const { stream } = await client.get({}, cursor);
  await stream.message(({ params }) => params?.data === LAST);
  const messages = stream.messages.filter(({ method }) => method !== 'ping');
  const first = messages.findIndex(({ params }) => params?.level === 'info');
  const told = messages.slice(0, first).map(({ jsonrpc: _jsonrpc, ...message }) => message);
  const rest = messages.slice(first).map(({ params }) => params?.data);
  await breakOff(gateway, stream);
  return { told, rest, lastEventId: stream.lastEventId };
}

async function breakOff(gateway: Gateway, stream: SseReader): Promise<void> {
  const closed = once(gateway.events, 'stream-closed', ({ kind }) => kind === 'get');
  stream.destroy();
  await closed;
}
