/** When threads run short: another principal's burst costs one turn, in both eras and over servers. */
import type { IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Authentication } from '../../src/index.js';
import { until } from '../support/deadline.js';
import { collect } from '../support/events.js';
import { type Gateway, rawClient, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { clientOf, startCatalogue } from '../support/programs.js';
import type { RawClient } from '../support/raw-client.js';
import { textOf } from '../support/raw-client.js';
import { StatelessCaller, textIn } from '../support/stateless-caller.js';

const serverModule = fixtureModule('greedy');
const BURST = 12;
const THREADS = 2;

function authenticate({ headers }: IncomingMessage): Authentication {
  return { issuer: 'https://issuer.example', subject: String(headers['x-user'] ?? 'nobody') };
}

const as = (user: string) => ({ headers: { 'x-user': user } });

/** How many calls of the burst have been answered, and until all of them wait or have a thread. */
function burstOf(gateway: Gateway, call: (index: number) => Promise<unknown>) {
  const started = collect(gateway.events, 'request-started');
  let answered = 0;
  const calls = Array.from({ length: BURST }, async (_, index) => {
    await call(index);
    answered += 1;
  });
  return {
    over: Promise.all(calls),
    answered: () => answered,
    begun: (least: number) => until(() => started.length >= least, 'the burst to begin'),
  };
}

async function sessionAs(gateway: Gateway, user: string): Promise<RawClient> {
  const client = rawClient(gateway, as(user));
  await client.initialize();
  return client;
}

describe('A principal that needs a thread while another one wants more of them than there are', function () {
  this.timeout(120_000);

  it('waits for one turn, with sessions', async () => {
    const gateway = await startGateway({ serverModule, authenticate, maxThreads: THREADS, sleepAfter: '1h' });
    const burst: RawClient[] = [];
    for (let count = 0; count < BURST; count += 1) burst.push(await sessionAs(gateway, 'busy'));
    const other = await sessionAs(gateway, 'other');
    const { over, answered, begun } = burstOf(gateway, (index) =>
      burst[index]!.call('wait', { ms: 300 }, { deadlineMs: 60_000 }),
    );
    await begun(BURST);
    expect(textOf(await other.call('echo', { text: 'mine' }))).to.equal('mine');
    // A few more than its turn: those that had their threads already, and those that started meanwhile.
    expect(answered()).to.be.below(BURST / 2);
    await over;
  });

  it('waits for one turn, without sessions', async () => {
    const gateway = await startGateway({
      serverModule,
      authenticate,
      affinity: 'request',
      maxThreads: THREADS,
    });
    const caller = new StatelessCaller(gateway.url, {});
    await caller.call('echo', { text: 'first' }, {}, as('busy'));
    const { over, answered, begun } = burstOf(gateway, () =>
      caller.call('wait', { ms: 300 }, {}, as('busy')),
    );
    await begun(THREADS);
    expect(textIn(await caller.call('echo', { text: 'mine' }, {}, as('other')))).to.equal('mine');
    expect(answered()).to.be.below(BURST / 2);
    await over;
  });

  it('waits for one turn, also where it needs another server', async () => {
    const module = fileURLToPath(serverModule);
    const gateway = await startCatalogue(
      { one: { module }, two: { module } },
      { authenticate, maxThreads: THREADS, sleepAfter: '1h' },
    );
    const session = async (server: string, user: string): Promise<RawClient> => {
      const client = clientOf(gateway, server, as(user));
      await client.initialize();
      return client;
    };
    const burst: RawClient[] = [];
    for (let count = 0; count < BURST; count += 1) burst.push(await session('one', 'busy'));
    const other = await session('two', 'other');
    const { over, answered, begun } = burstOf(gateway, (index) =>
      burst[index]!.call('wait', { ms: 300 }, { deadlineMs: 60_000 }),
    );
    await begun(BURST);
    expect(textOf(await other.call('echo', { text: 'mine' }))).to.equal('mine');
    expect(answered()).to.be.below(BURST / 2);
    await over;
  });
});
