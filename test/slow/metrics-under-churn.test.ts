import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type Family, parseMetrics } from '../fixtures/isolation/metrics-text.js';
import { until } from '../support/deadline.js';
import { once } from '../support/events.js';
import { connectedClient, type Gateway, startGateway } from '../support/gateway.js';

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0';
const SCRAPE_EVERY_MS = 100;
/** A scraper's usual timeout is 10 s; a spin lasts much longer than this. */
const SCRAPE_WITHIN_MS = 1_000;
const VISITORS = 4;
/** Of each, so that every one is killed twice and leaves in peace twice. */
const VISITS = 4;
const SCRAPES = 10;

describe('metrics under churn', () => {
  it('never decrease where they are counters, while sessions come, go and are killed', async () => {
    const gateway = await startGateway({ sseAfter: '20ms', cancelGrace: '50ms' });
    const scraping = new Scraping(gateway);
    const visitors = Array.from({ length: VISITORS }, async (_none, visitor) => {
      let counted = 0;
      for (let visit = 0; visit < VISITS || scraping.scrapes <= SCRAPES; visit += 1)
        counted += await churn(gateway, visitor + visit);
      return counted;
    });
    const counted = (await Promise.all(visitors)).reduce((total, calls) => total + calls, 0);
    expect(await scraping.decreased()).to.deep.equal([]);

    await threadsGone(gateway);
    // Threads that were killed lose what they had not reported yet; sessions that end properly lose nothing.
    const total = sampleOf((await scrape(gateway)).families, 'fixture_calls_total', { kind: 'plain' });
    expect(total).to.equal(counted);
  });

  it('of a module are added up over sessions and survive their end; gauges go', async () => {
    const gateway = await startGateway();
    const clients = await Promise.all([1, 2, 3].map(() => connectedClient(gateway)));
    for (const client of clients) {
      await client.call('count', { by: 2 });
      await client.call('observe', { size: 5 });
      await client.call('gauge', { to: 7 });
    }
    await until(async () => {
      const { families } = await scrape(gateway);
      return (
        sampleOf(families, 'fixture_calls_total', { kind: 'plain' }) === 6 &&
        sampleOf(families, 'fixture_level') === 21
      );
    }, 'the figures of three sessions');
    for (const client of clients) {
      const ended = once(gateway.events, 'session-ended');
      await client.delete();
      await ended;
    }
    await threadsGone(gateway);
    const { families } = await scrape(gateway);
    expect(sampleOf(families, 'fixture_calls_total', { kind: 'plain' })).to.equal(6);
    expect(sampleOf(families, 'fixture_size_bucket', { le: '10' })).to.equal(3);
    expect(sampleOf(families, 'fixture_size_sum')).to.equal(15);
    expect(sampleOf(families, 'fixture_level') ?? 0).to.equal(0);
  });

  it('are scraped without delay while threads spin', async () => {
    const gateway = await startGateway({ sseAfter: '20ms' });
    const clients = [await connectedClient(gateway), await connectedClient(gateway)];
    for (const client of clients) {
      await client.call('count');
      await client.openCall('spin');
    }
    const tookMs: number[] = [];
    for (let times = 0; times < 5; times += 1) {
      const scraped = await scrape(gateway);
      tookMs.push(scraped.tookMs);
      expect(sampleOf(scraped.families, 'bulkhead_threads', { state: 'claimed' })).to.equal(2);
    }
    // A session that has to wait for a thread waits each time; a busy machine is only late now and then.
    expect(Math.min(...tookMs)).to.be.below(SCRAPE_WITHIN_MS);
  });

  it('parse as OpenMetrics, each sample in its family and the end marked', async () => {
    const gateway = await startGateway();
    const client = await connectedClient(gateway);
    await client.call('count');
    await client.call('observe', { size: 50 });
    await client.delete();
    await until(() => gateway.snapshot().sessions.ending === 0, 'the session to be gone');
    const { families, text } = await scrape(gateway, OPEN_METRICS);
    expect(text.endsWith('\n# EOF\n')).to.equal(true);
    expect(families.size).to.be.above(20);
    for (const [name, { type, samples }] of families) {
      const suffixes =
        { counter: /^_(total|created)$/, histogram: /^_(bucket|sum|count|created)$/ }[type] ?? /^$/;
      for (const sample of samples) expect(sample.name.slice(name.length), sample.name).to.match(suffixes);
    }
    expect(sampleOf(families, 'fixture_calls_total', { kind: 'plain' })).to.equal(1);
  });
});

/** One session's visit. @returns how many counted calls it made; all are reported before it ends */
async function churn(gateway: Gateway, visit: number): Promise<number> {
  const client = await connectedClient(gateway);
  const calls = 3;
  for (let call = 0; call < calls; call += 1) {
    await client.call('count');
    await client.call('observe', { size: call * 10 });
  }
  if (visit % 2 === 0) {
    // A thread reports its figures at most once a second; one that is killed before never reports them.
    const own = gateway.sessions().find(({ context }) => context.sessionId === client.sessionId)
      ?.thread?.thread;
    const reported = once(
      gateway.events,
      'thread-metrics',
      ({ thread, metrics }) => thread === own && countIn(metrics) === calls,
    );
    await client.call('count', { by: 0 });
    await reported;
    const { id, stream } = await client.openCall('spin');
    await client.notify('notifications/cancelled', { requestId: id });
    await stream.ended;
    await client.call('echo', { text: 'in a fresh thread' });
  }
  await client.delete();
  client.destroy();
  return calls;
}

/** All threads that had a session. */
async function threadsGone(gateway: Gateway): Promise<void> {
  await until(() => {
    const { claimed, ending, terminating } = gateway.snapshot().threads;
    return claimed + ending + terminating === 0;
  }, 'all threads to go');
}

function countIn(metrics: readonly Record<string, unknown>[]): number | undefined {
  const family = metrics.find(({ name }) => name === 'fixture_calls_total');
  return (family?.values as { value: number }[] | undefined)?.[0]?.value;
}

/** Scrapes until it is asked for its result. */
class Scraping {
  scrapes = 0;
  #over = false;
  readonly #found: Promise<string[]>;

  constructor(gateway: Gateway) {
    this.#found = this.#scrape(gateway);
    // Reported by `decreased`.
    this.#found.catch(() => undefined);
  }

  /** Counters that were lower, or gone, than at the scrape before. */
  decreased(): Promise<string[]> {
    this.#over = true;
    return this.#found;
  }

  async #scrape(gateway: Gateway): Promise<string[]> {
    const decreased: string[] = [];
    let last = new Map<string, number>();
    while (!this.#over) {
      const counters = cumulative((await scrape(gateway)).families);
      this.scrapes += 1;
      for (const [sample, value] of last) {
        const now = counters.get(sample);
        if (now === undefined || now < value) decreased.push(`${sample}: ${value}, then ${now}`);
      }
      last = counters;
      await delay(SCRAPE_EVERY_MS);
    }
    return decreased;
  }
}

/** Everything that may only grow: counters, and the buckets, sums and counts of histograms. */
function cumulative(families: ReadonlyMap<string, Family>): Map<string, number> {
  const values = new Map<string, number>();
  for (const { type, samples } of families.values()) {
    if (type !== 'counter' && type !== 'histogram') continue;
    for (const { name, labels, value } of samples) values.set(name + JSON.stringify(labels), value);
  }
  return values;
}

async function scrape(gateway: Gateway, accept = 'text/plain') {
  const beganMs = performance.now();
  const response = await fetch(new URL('/metrics', gateway.adminUrl), {
    headers: { accept, connection: 'close' },
  });
  const text = await response.text();
  expect(response.status, text).to.equal(200);
  return { text, tookMs: performance.now() - beganMs, families: parseMetrics(text) };
}

function sampleOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  for (const { samples } of families.values()) {
    for (const sample of samples) {
      if (sample.name !== name) continue;
      const fits = Object.entries(labels).every(
        ([label, value]) => sample.labels[label] === value || Number(sample.labels[label]) === Number(value),
      );
      if (fits) return sample.value;
    }
  }
  return undefined;
}
