import { expect } from 'chai';
import { type Family, parseMetrics } from '../fixtures/isolation/metrics-text.js';
import { until } from '../support/deadline.js';
import { once } from '../support/events.js';
import { connectedClient, type Gateway, rawClient } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { asleep, ofSession, sleepingClient, startSleepyGateway } from '../support/sleep.js';

const CALM_DEADLINE_MS = 20_000;

describe('the metrics of sleep', () => {
  it('tell how many sessions are in each state', async () => {
    const gateway = await startSleepyGateway();
    await showsSessions(gateway, {});
    const sleeper = await sleepingClient(gateway);
    const holder = await connectedClient(gateway);
    await holder.call('hold');
    await showsSessions(gateway, { asleep: 1, awake: 1 });
    await sleeper.call('on_sleep', { what: 'wait', ms: 1_000 });
    await once(gateway.events, 'session-sleeps', ofSession(sleeper));
    await showsSessions(gateway, { falling_asleep: 1, awake: 1 });
    await asleep(gateway, sleeper);
    await sleeper.delete();
    await showsSessions(gateway, { awake: 1 });
  });

  it('tell of a session that waits for a thread', async () => {
    const gateway = await startSleepyGateway({ maxThreads: 1, spareThreads: 0 });
    const waiter = await sleepingClient(gateway);
    const holder = await connectedClient(gateway);
    await holder.call('hold');
    const started = once(gateway.events, 'request-started', ofSession(waiter));
    const waiting = waiter.call('echo', { text: 'waits' });
    await started;
    await showsSessions(gateway, { waking: 1, awake: 1 });
    await holder.call('release', { times: 1 });
    await waiting;
  });

  it('count sleeps by reason and measure wakes', async () => {
    const gateway = await startSleepyGateway({ maxThreads: 1, sleepAfter: '300ms', spareThreads: 0 });
    const sleeps = { idle: 0, pressure: 0, reload: 0 };
    let wakes = 0;
    gateway.events.on('session-sleeps', ({ reason }) => {
      sleeps[reason] += 1;
    });
    gateway.events.on('session-woke', () => {
      wakes += 1;
    });
    const before = await scrape(gateway);
    for (const reason of ['idle', 'pressure'] as const) {
      expect(sampleOf(before, 'bulkhead_session_sleeps_total', { reason }), reason).to.equal(0);
    }
    const [first, second] = [await connectedClient(gateway), await connectedClient(gateway)];
    await first!.call('echo', { text: 'pressure' });
    await second!.call('echo', { text: 'pressure' });
    await asleep(gateway, second!);
    expect(sleeps.pressure).to.be.above(0);
    expect(sleeps.idle).to.be.above(0);
    const after = await scrape(gateway);
    for (const reason of ['idle', 'pressure'] as const) {
      expect(sampleOf(after, 'bulkhead_session_sleeps_total', { reason }), reason).to.equal(sleeps[reason]);
    }
    expect(sampleOf(after, 'bulkhead_session_wake_duration_seconds_count')).to.equal(wakes);
    expect(sampleOf(after, 'bulkhead_session_wake_duration_seconds_sum')).to.be.above(0);
    expect(sampleOf(after, 'bulkhead_thread_exits_total', { cause: 'slept' })).to.equal(
      sleeps.pressure + sleeps.idle,
    );
  });

  it('show more spares while claims come fast, and the operator’s again when it is calm', async () => {
    const gateway = await startSleepyGateway({
      serverModule: fixtureModule('slow-start'),
      maxThreads: 16,
      spareThreads: 1,
      sleepAfter: '1h',
    });
    expect(sampleOf(await scrape(gateway), 'bulkhead_spare_threads_target')).to.equal(1);
    let most = 0;
    gateway.events.on('thread-started', () => {
      most = Math.max(most, gateway.snapshot().sparesTarget);
    });
    const clients = await Promise.all(Array.from({ length: 12 }, () => connectedClient(gateway)));
    await Promise.all(clients.map((client) => client.call('thread', {}, { deadlineMs: CALM_DEADLINE_MS })));
    expect(most).to.be.within(2, 9);
    await Promise.all(clients.map((client) => gateway.endSession(client.sessionId!)));
    await until(
      () => gateway.snapshot().sparesTarget === 1 && gateway.snapshot().threads.spare === 1,
      () => `one spare: ${JSON.stringify(gateway.snapshot().threads)}`,
      CALM_DEADLINE_MS,
    );
    expect(sampleOf(await scrape(gateway), 'bulkhead_spare_threads_target')).to.equal(1);
    expect(gateway.snapshot().threads).to.include({ claimed: 0, spare: 1, ending: 0 });
  }).timeout(3 * CALM_DEADLINE_MS);
});

const STATES = ['asleep', 'waking', 'awake', 'falling_asleep', 'ending'] as const;

/**
 * Waits for these counts, and 0 for the others: a session that holds its thread is asked from time to time, and
 * refuses.
 */
async function showsSessions(
  gateway: Gateway,
  counts: Partial<Record<(typeof STATES)[number], number>>,
): Promise<void> {
  let shown: (number | undefined)[] = [];
  const fits = async (): Promise<boolean> => {
    const families = await scrape(gateway);
    shown = STATES.map((state) => sampleOf(families, 'bulkhead_sessions', { state }));
    return STATES.every((state, index) => shown[index] === (counts[state] ?? 0));
  };
  await until(fits, () => `${JSON.stringify(counts)}; there were ${STATES}: ${shown}`);
}

async function scrape(gateway: Gateway): Promise<Map<string, Family>> {
  const url = new URL('/metrics', gateway.adminUrl);
  const response = await rawClient(gateway).send('GET', undefined, { accept: 'text/plain' }, url);
  return parseMetrics(await response.text());
}

function sampleOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const samples = [...families.values()].flatMap((family) => family.samples);
  const fits = (own: Readonly<Record<string, string>>): boolean =>
    Object.entries(labels).every(([label, value]) => own[label] === value);
  return samples.find((sample) => sample.name === name && fits(sample.labels))?.value;
}
