import { expect } from 'chai';
import { endSessions } from '../fixtures/isolation/sessions.js';
import { once } from '../support/events.js';
import { connectedClient, sharedGateway } from '../support/gateway.js';
import { ISOLATION } from '../support/isolation.js';
import { fixtureModule } from '../support/modules.js';
import { type RawClient, textOf } from '../support/raw-client.js';

const LIMIT_BYTES = 1024 * 1024;

describe('session.state', () => {
  const gateway = sharedGateway({ sseAfter: '20ms', cancelGrace: '50ms' });
  afterEach('end its sessions', () => endSessions(gateway()));

  it('is a session’s own', async () => {
    const [one, other] = [await connectedClient(gateway()), await connectedClient(gateway())];
    await one!.call('state_set', { key: 'colour', value: 'red' });
    expect(await stateOf(other!, 'colour')).to.deep.equal({ value: null, keys: [] });
    expect(await stateOf(one!, 'colour')).to.deep.equal({ value: 'red', keys: ['colour'] });
  });

  it('survives a crash, with what was changed and deleted since', async () => {
    const client = await connectedClient(gateway());
    await client.call('state_set', { key: 'gone', value: 1 });
    await client.call('state_set', { key: 'kept', value: { deep: [1, { two: 2 }] } });
    await client.call('state_set', { key: 'changed', value: 'old' });
    await client.call('crash_throw');
    await client.call('state_set', { key: 'changed', value: 'new' });
    await client.call('state_delete', { key: 'gone' });
    await client.call('exit');
    expect(await stateOf(client, 'kept')).to.deep.equal({
      value: { deep: [1, { two: 2 }] },
      keys: ['kept', 'changed'],
    });
    expect((await stateOf(client, 'changed')).value).to.equal('new');
  });

  it('survives the kill of a thread that spins', async () => {
    const client = await connectedClient(gateway());
    await client.call('state_set', { key: 'kept', value: 'through the kill' });
    const { id, stream } = await client.openCall('spin');
    const exited = once(gateway().events, 'thread-exited', ({ cause }) => cause === 'killed');
    await client.notify('notifications/cancelled', { requestId: id });
    await stream.ended;
    await exited;
    expect((await stateOf(client, 'kept')).value).to.equal('through the kill');
  });

  it('refuses more than 1 MiB in all, and keeps what it had', async () => {
    const client = await connectedClient(gateway());
    await client.call('state_set', { key: 'filled', value: 'small' });
    const refusal = await client.call('state_fill', { bytes: LIMIT_BYTES });
    expect(refusal.result).to.include({ isError: true });
    expect(textOf(refusal)).to.match(/session\.state.*of at most 1048576/s);
    expect((await stateOf(client, 'filled')).value).to.equal('small');
  });

  it('takes the same key again and again without filling up', async () => {
    const client = await connectedClient(gateway());
    for (let time = 0; time < 5; time += 1) {
      expect(textOf(await client.call('state_fill', { bytes: LIMIT_BYTES / 2 }))).to.equal('stored');
    }
    await client.call('state_delete', { key: 'filled' });
    expect(textOf(await client.call('state_fill', { bytes: LIMIT_BYTES - 1024 }))).to.equal('stored');
    await client.call('exit');
    const refusal = await client.call('state_set', { key: 'more', value: 'x'.repeat(2048) });
    expect(refusal.result, 'the limit holds in the fresh thread too').to.include({ isError: true });
  });
});

describe('session.state: values', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('state') });

  it('are copies: a later change of the value or of what was read changes nothing', async () => {
    const client = await connectedClient(gateway());
    expect(JSON.parse(textOf(await client.call('copies')))).to.deep.equal({ stored: [1], read: [1] });
  });

  it('are copies also where they are bytes', async () => {
    const client = await connectedClient(gateway());
    expect(JSON.parse(textOf(await client.call('copies_of_bytes')))).to.deep.equal([1, 2, 3]);
  });

  it('count with what each entry takes by itself, so that there are some 4,000 at most, and all are kept', async () => {
    const client = await connectedClient(gateway());
    const usedBefore = gateway().snapshot().sessionStateBytes;
    const { entries, code, message } = JSON.parse(textOf(await client.call('fill')));
    expect(entries).to.be.within(3_500, 4_096);
    expect(code).to.equal('ERR_BULKHEAD_STATE');
    expect(message).to.match(/each entry takes 256/);
    await client.call('exit');
    const sum = (entries * (entries - 1)) / 2;
    expect(JSON.parse(textOf(await client.call('sum')))).to.deep.equal({ entries, sum });
    const used = gateway().snapshot().sessionStateBytes - usedBefore;
    expect(used).to.be.within(LIMIT_BYTES - 1_024, LIMIT_BYTES);
    await client.delete();
    expect(gateway().snapshot().sessionStateBytes).to.equal(usedBefore);
  });

  it('are refused under a key that is no string', async () => {
    const client = await connectedClient(gateway());
    expect(textOf(await client.call('store_number_key'))).to.match(
      /ERR_BULKHEAD_STATE.*must be a string, not a number/,
    );
  });

  it('are whatever a structured clone can hold, in the next thread too', async () => {
    const client = await connectedClient(gateway());
    await client.call('store_kinds');
    const before = textOf(await client.call('read_kinds'));
    await client.call('exit');
    expect(textOf(await client.call('read_kinds'))).to.equal(before);
    expect(JSON.parse(before)).to.deep.equal({
      date: '2025-01-01T00:00:00.000Z',
      map: [['key', 1]],
      bytes: [1, 2, 3],
      big: '10',
    });
  });

  for (const what of ['function', 'symbol', 'promise']) {
    it(`are refused when they can't be cloned: a ${what}`, async () => {
      const client = await connectedClient(gateway());
      await client.call('store', { what: 'text' });
      const refusal = await client.call('store', { what });
      expect(refusal.result, JSON.stringify(refusal)).to.include({ isError: true });
      expect(textOf(refusal)).to.match(/ERR_BULKHEAD_STATE.*cannot be cloned/s);
      expect(textOf(await client.call('stored'))).to.equal('text');
    });
  }
});

describe('session.state: what a thread sends past it', () => {
  before('needs a port that the module can find', function () {
    if (ISOLATION === 'process') this.skip();
  });

  const gateway = sharedGateway({ serverModule: fixtureModule('forged-state') });

  for (const what of ['too much', 'a view of more', 'shared memory', 'a number', 'a key that is a number']) {
    it(`ends the thread, and the session keeps what it had: ${what}`, async () => {
      const client = await connectedClient(gateway());
      await client.call('store', { value: 'kept' });
      const used = gateway().snapshot().sessionStateBytes;
      const exited = once(gateway().events, 'thread-exited');
      const answer = await client.call('forge', { what });
      expect(answer.error?.message).to.match(/thread ended/);
      expect((await exited).cause).to.equal('crash');
      expect(textOf(await client.call('stored'))).to.equal('kept');
      expect(gateway().snapshot().sessionStateBytes).to.equal(used);
    });
  }
});

async function stateOf(client: RawClient, key: string): Promise<{ value: unknown; keys: string[] }> {
  return JSON.parse(textOf(await client.call('state_get', { key })));
}
