import { expect } from 'chai';
import { repeatedWhile } from '../fixtures/isolation/neighbour.js';
import { TIMED_RETRIES } from '../support/deadline.js';
import { connectedClient, sharedGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { type RawClient, textOf } from '../support/raw-client.js';

const FLOOD_MS = 1_500;
const PATIENCE = { deadlineMs: 30_000 };

describe('a tool that never gives its event loop back, and floods the gateway meanwhile', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('floods'), spareThreads: 2 });

  for (const what of [
    'small values into session.state',
    'large values into session.state',
    'holds that are released at once',
    'requests to close the GET stream',
  ]) {
    // Without any bound, others were served once in seconds.
    it(`keeps no other session waiting: ${what}`, async () => {
      const [flooding, neighbour] = [await connectedClient(gateway()), await connectedClient(gateway())];
      await flooding.get();
      const flood = flooding.call('flood', { what, ms: FLOOD_MS }, PATIENCE);
      const served = await servedWhile(flood, () => neighbour.call('echo', { text: 'hello' }, PATIENCE));
      expect(new Set(served)).to.deep.equal(new Set(['hello']));
      expect(served.length).to.be.above(50);
      expect(Number(textOf(await flood))).to.be.above(50);
    }).retries(TIMED_RETRIES);
  }

  it('keeps no other session’s child processes waiting: signals', async function () {
    if (process.platform !== 'linux') this.skip();
    const [flooding, neighbour] = [await connectedClient(gateway()), await connectedClient(gateway())];
    const flood = flooding.call('flood_signals', { ms: FLOOD_MS }, PATIENCE);
    const served = await servedWhile(flood, () => neighbour.call('child', {}, PATIENCE));
    expect(new Set(served)).to.deep.equal(new Set(['exit code 0']));
    expect(served.length).to.be.above(10);
  }).retries(TIMED_RETRIES);

  it('has its last value of session.state all the same', async () => {
    const client = await connectedClient(gateway());
    const turns = Number(
      textOf(await client.call('flood', { what: 'small values into session.state', ms: 200 }, PATIENCE)),
    );
    expect(textOf(await client.call('state'))).to.equal(`${turns - 1}`);
  });
});

async function servedWhile(flood: Promise<unknown>, ask: () => ReturnType<RawClient['call']>) {
  const texts: string[] = [];
  await repeatedWhile(flood, async () => {
    texts.push(textOf(await ask()));
  });
  return texts;
}
