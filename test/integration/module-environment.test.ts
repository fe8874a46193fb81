import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { fixtureModule } from '../support/modules.js';
import { sessionOf, startCatalogue } from '../support/programs.js';
import { type RawClient, textOf } from '../support/raw-client.js';

const module = fileURLToPath(fixtureModule('ruled'));

async function variable(client: RawClient, name: string): Promise<unknown> {
  const answer = await client.call('env', { names: [name] });
  return (JSON.parse(textOf(answer)) as Record<string, unknown>)[name];
}

for (const isolation of ['thread', 'process'] as const) {
  describe(`the environment of a module in a ${isolation}`, () => {
    before('set what the gateway has', () => {
      process.env.BULKHEAD_TOKEN = 'secret';
      process.env.OF_THE_GATEWAY = 'the gateway';
    });

    after('remove it', () => {
      delete process.env.BULKHEAD_TOKEN;
      delete process.env.OF_THE_GATEWAY;
    });

    it("is that of the gateway without its token, and what the module's own entry says", async () => {
      const gateway = await startCatalogue({
        one: { module, isolation, env: { OWN: 'one', OF_THE_GATEWAY: 'its entry' } },
        other: { module, isolation, inheritEnv: true },
      });
      const [one, other] = await Promise.all([sessionOf(gateway, 'one'), sessionOf(gateway, 'other')]);
      expect(await variable(one, 'OWN')).to.equal('one');
      expect(await variable(one, 'OF_THE_GATEWAY')).to.equal('its entry');
      expect(await variable(one, 'PATH')).to.equal(process.env.PATH);
      expect(await variable(other, 'OWN')).to.equal(null);
      expect(await variable(other, 'OF_THE_GATEWAY')).to.equal('the gateway');
      for (const client of [one, other]) expect(await variable(client, 'BULKHEAD_TOKEN')).to.equal(null);
      expect(process.env.OWN).to.equal(undefined);
    });

    it("is each session's own", async () => {
      const gateway = await startCatalogue({ one: { module, isolation, env: { OWN: 'one' } } });
      const [client, neighbour] = await Promise.all([sessionOf(gateway, 'one'), sessionOf(gateway, 'one')]);
      await client.call('set_env', { name: 'OWN', value: 'changed' });
      expect(await variable(client, 'OWN')).to.equal('changed');
      expect(await variable(neighbour, 'OWN')).to.equal('one');
    });
  });
}
