import { expect } from 'chai';
import { expectLonelyDeath, FILL_DEADLINE_MS, HeapGateway } from '../fixtures/isolation/full-heap.js';
import { Neighbour, neighbourOf } from '../fixtures/isolation/neighbour.js';
import { expectError } from '../support/expectations.js';
import { connectedClient, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { textOf } from '../support/raw-client.js';

/** Tools for which V8 collects garbage for many seconds before it gives up. */
const fillers: readonly [what: string, tool: string][] = [
  ['a Map', 'fill_map'],
  ['a Set', 'fill_set'],
  ['arrays that are long from the start', 'fill_fill'],
  ['arrays made of nothing but a length', 'fill_from'],
  ['an object with millions of keys', 'fill_keys'],
  ['matches of regular expressions', 'fill_matches'],
];

describe('a thread that slowly fills its heap dies alone', function () {
  this.timeout(2 * FILL_DEADLINE_MS);

  for (const [what, tool] of fillers) {
    it(`with ${what}`, async () => {
      await expectLonelyDeath(await HeapGateway.start(), tool);
    });
  }

  it('also when no request runs in it', async () => {
    const gateway = await HeapGateway.start();
    const neighbour = new Neighbour(await gateway.connect(), 'served');
    const client = await gateway.connect();
    expect(textOf(await client.call('leak_after'))).to.equal('answered');
    const served = gateway.process.printed('stderr', /"cause":"out_of_memory"/, FILL_DEADLINE_MS);
    await neighbour.servedWhile(served);
    expect(textOf(await client.call('echo'))).to.equal('served');
    gateway.expectRunning();
  });

  for (const [how, tool] of [
    ['without awaits', 'churn'],
    ['with awaits', 'churn_slowly'],
  ] as const) {
    it(`but not because of garbage, ${how}`, async () => {
      const gateway = await HeapGateway.start();
      const client = await gateway.connect();
      const answer = await client.call(tool, {}, { deadlineMs: FILL_DEADLINE_MS });
      expect(textOf(answer)).to.match(/^\d+ live$/);
      gateway.expectRunning();
    });
  }

  it('with structured clones, though its heap is small', async () => {
    const small = { threadHeapMb: 64, threadMemoryMb: 256, serverModule: fixtureModule('deaths') };
    const gateway = await startGateway({ ...small, spareThreads: 2 });
    const neighbour = await neighbourOf(gateway);
    const client = await connectedClient(gateway);
    const answer = await neighbour.servedWhile(
      client.call('oom_clones', {}, { deadlineMs: FILL_DEADLINE_MS }),
    );
    expectError(answer, -32603);
    expect(answer.error?.message).to.match(/thread-(heap|memory)-mb/);
    expect(answer.error?.data).to.include({ reason: 'thread_out_of_memory' });
    expect(textOf(await client.call('echo', { text: 'again' }))).to.equal('again');
  });
});
