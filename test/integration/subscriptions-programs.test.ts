/** Subscriptions to servers that speak stdio, in a process and in a thread (2026-07-28, Subscriptions). */
import { expect } from 'chai';
import { rawClient } from '../support/gateway.js';
import { listen, textOfCall } from '../support/listener.js';
import { inProcess, inThread, startCatalogue } from '../support/programs.js';

describe('A client that listens to a program', () => {
  for (const [where, entry] of [
    ['in a process', inProcess('announcing.mjs')],
    ['in a thread', inThread('announcing.mjs')],
  ] as const) {
    it(`${where} is told of its lists and resources`, async () => {
      const gateway = await startCatalogue({ program: { ...entry, affinity: 'request' } });
      const client = rawClient(gateway);
      const { acknowledgement, next } = await listen(client, {
        toolsListChanged: true,
        promptsListChanged: true,
        resourceSubscriptions: ['note:1'],
      });
      expect(acknowledgement.params?.notifications).to.deep.equal({
        toolsListChanged: true,
        resourceSubscriptions: ['note:1'],
      });
      await next('resources/updated');
      await textOfCall(client, 'announce');
      await next('tools/list_changed');
    });
  }
});
