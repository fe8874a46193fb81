import { expect } from 'chai';
import type { GatewayEvents } from '../../src/index.js';
import { once } from '../support/events.js';
import { connectedClient, rawClient, renewedGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { textOf } from '../support/raw-client.js';

describe('A module that nests data deep', () => {
  const shared = renewedGateway({ serverModule: fixtureModule('deep') });

  it('has its log line cut, and not lost', async () => {
    const gateway = shared();
    const logged = once(gateway.events, 'module-log');
    const client = await connectedClient(gateway);
    await client.call('log', { levels: 4_000 });
    const { message, fields } = (await logged) as GatewayEvents['module-log'][0];
    expect(message).to.equal('deep');
    expect(JSON.stringify(fields)).to.match(/^\{"data":\[{8}"\[…\]"\]{8}\}$/);
  });

  for (const tool of ['log', 'metric', 'state', 'request', 'progress', 'reject', 'fail']) {
    it(`harms no one else, and gets its own answer: ${tool}`, async () => {
      const gateway = shared();
      const bystander = await connectedClient(gateway);
      // Some nest too deeply for the thread that sends them, some only for the main thread, whose stack is smaller.
      for (const levels of [1_000, 5_000, 9_000, 20_000]) {
        const client = await connectedClient(gateway);
        const answer = await client.call(tool, { levels });
        expect(answer.result ?? answer.error, `${levels}`).to.be.an('object');
        client.destroy();
      }
      expect(textOf(await bystander.call('nothing', { levels: 1 }))).to.equal('done');
      for (const path of ['/sessions', '/clients', '/metrics']) {
        const url = new URL(path, gateway.adminUrl);
        expect((await rawClient(gateway).send('GET', undefined, {}, url)).status, path).to.equal(200);
      }
    });
  }
});
