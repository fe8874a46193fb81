/** Bulkhead's admin listener, as the bench reads it. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import type { SessionSnapshot } from '../../src/telemetry/snapshot.js';
import type { MeasuredServer } from '../servers/measured-server.js';
import { exchange } from './http-exchange.js';

const DEADLINE_MS = 30_000;

/** A histogram's running totals, over all its labels. */
export interface HistogramTotals {
  readonly sum: number;
  readonly count: number;
}

function seriesSum(exposition: string, name: string): number {
  let sum = 0;
  for (const line of exposition.split('\n')) {
    if (line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      sum += Number(line.slice(line.lastIndexOf(' ')));
  }
  return sum;
}

export class Admin {
  readonly #client: Client;

  constructor(server: MeasuredServer) {
    if (server.adminUrl === undefined) throw new Error('this server has no admin listener');
    this.#client = new Client(server.adminUrl.origin);
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }

  async sessions(): Promise<readonly SessionSnapshot[]> {
    return JSON.parse(await this.#get('/sessions')) as SessionSnapshot[];
  }

  /** @throws when the histogram is not in the exposition at all. */
  async histogram(name: string): Promise<HistogramTotals> {
    const exposition = await this.#get('/metrics');
    if (!exposition.includes(`# TYPE ${name} histogram`))
      throw new Error(`/metrics has no histogram ${name}`);
    return { sum: seriesSum(exposition, `${name}_sum`), count: seriesSum(exposition, `${name}_count`) };
  }

  /**
   * Polls until the histogram counts more than before. It polls at long intervals, because a scrape takes milliseconds of the
   * gateway's time, which would count in the measurement. Returns the mean of what was added, in milliseconds.
   */
  async nextObservationMs(name: string, before: HistogramTotals): Promise<number> {
    const now = await this.#until(`an observation of ${name}`, 100, async () => {
      const totals = await this.histogram(name);
      return totals.count > before.count ? totals : undefined;
    });
    return ((now.sum - before.sum) * 1000) / (now.count - before.count);
  }

  /** All series of a metric, added up. */
  async sum(name: string): Promise<number> {
    return seriesSum(await this.#get('/metrics'), name);
  }

  /** Polls until no session has a thread. */
  async untilAsleep(): Promise<void> {
    await this.#until('all sessions asleep', 5, async () => {
      const sessions = await this.sessions();
      return sessions.every(({ state }) => state === 'asleep') ? true : undefined;
    });
  }

  /** Polls until there are no more session threads than so many. */
  async untilThreads(most: number): Promise<void> {
    await this.#until(`at most ${most} threads`, 100, async () =>
      (await this.sum('bulkhead_threads')) <= most ? true : undefined,
    );
  }

  /** Polls as fast as answers come until one session looks as wanted; `undefined` when it is not listed. */
  async untilSession(
    id: string,
    wanted: string,
    test: (session: SessionSnapshot | undefined) => boolean,
  ): Promise<SessionSnapshot | undefined> {
    const found = await this.untilSessions(wanted, (sessions) => {
      const session = sessions.find(({ context }) => context.sessionId === id);
      return test(session) ? { session } : undefined;
    });
    return found.session;
  }

  /** Polls as fast as answers come until something is found in all sessions. */
  untilSessions<Value>(
    wanted: string,
    find: (sessions: readonly SessionSnapshot[]) => Value | undefined,
  ): Promise<Value> {
    return this.#until(wanted, 0, async () => find(await this.sessions()));
  }

  async #until<Value>(what: string, pauseMs: number, poll: () => Promise<Value | undefined>): Promise<Value> {
    const endMs = performance.now() + DEADLINE_MS;
    while (performance.now() < endMs) {
      if (pauseMs > 0) await delay(pauseMs);
      const value = await poll();
      if (value !== undefined) return value;
    }
    throw new Error(`waited ${DEADLINE_MS} ms in vain for ${what}`);
  }

  async #get(path: string): Promise<string> {
    const answer = await exchange(this.#client, 'GET', path, {}, null);
    if (answer.status !== 200) throw new Error(`GET ${path} was answered ${answer.status}: ${answer.body}`);
    return answer.body;
  }
}
