/** What a handler's code knows about its request, on every version of Node and whatever else runs in its thread. */
import { expect } from 'chai';
import { collect } from '../support/events.js';
import { connectedClient, rawClient, renewedGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { textOf } from '../support/raw-client.js';
import { jsonOf } from '../support/sleep.js';

describe("a handler's request", () => {
  const shared = renewedGateway({ serverModule: fixtureModule('context') });

  it('is known after its awaits', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    const started = collect(gateway.events, 'request-started');
    const keys = [];
    for (const ms of [1, 2]) keys.push(textOf(await client.call('key', { ms })));
    expect(keys).to.deep.equal(started.map(({ key }) => key));
  });

  it('is known while others run in the thread', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    const started = collect(gateway.events, 'request-started');
    const calls = [40, 20, 30, 10].map((ms) => client.call('key', { ms }));
    const keys = (await Promise.all(calls)).map(textOf);
    expect(keys).to.have.members(started.map(({ key }) => key));
    expect(new Set(keys)).to.have.lengthOf(4);
  });

  it('is told with its log lines, alone and beside others', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    const started = collect(gateway.events, 'request-started');
    const logged = collect(gateway.events, 'module-log');
    await client.call('say', { ms: 1 });
    await Promise.all([client.call('say', { ms: 30 }), client.call('say', { ms: 10 })]);
    const keys = logged.map(({ key }) => key);
    expect(keys).to.have.members(started.map(({ key }) => key));
    expect(keys[0]).to.equal(started[0]?.key);
  });

  it('is not taken for that of code which it left behind', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    await client.call('key', { ms: 0 });
    await client.call('leave', { ms: 50 });
    expect(jsonOf(await client.call('later'))).to.equal('none');
  });

  it('is told apart from the first in later sessions, once a child process has been started', async () => {
    const gateway = shared();
    const first = await connectedClient(gateway);
    await first.call('child');
    const second = rawClient(gateway);
    await second.initialize();
    await second.call('leave', { ms: 50 });
    expect(jsonOf(await second.call('later'))).to.equal('none');
  });
});
