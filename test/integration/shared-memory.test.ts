import { expect } from 'chai';
import { collect } from '../support/events.js';
import { connectedClient, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { textOf } from '../support/raw-client.js';

describe('what session threads share', () => {
  for (const bundle of [true, false]) {
    it(`is out of a tool's reach, ${bundle ? 'in a bundle' : 'imported file by file'}`, async () => {
      const serverModule = fixtureModule('shared-memory');
      const gateway = await startGateway({ serverModule, bundle, spareThreads: 0 });
      const rejected = collect(gateway.events, 'code-cache-rejected');
      const hostile = await connectedClient(gateway);
      const found = JSON.parse(textOf(await hostile.call('overwrite'))) as Record<string, unknown>;
      expect(found).to.include({ buffers: 0, limits: 0 });
      expect(found.workerData).to.deep.equal([]);
      expect(found.objects, 'objects that it has looked at').to.be.within(1_000, 499_999);
      // In a thread that starts after that.
      expect(textOf(await (await connectedClient(gateway)).call('echo'))).to.equal('served');
      expect(rejected).to.deep.equal([]);
    });
  }
});
