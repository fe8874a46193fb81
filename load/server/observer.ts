/** What is observed of the server from outside during a run: its metrics before and after, and its process tree. */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../src/shared/errors.js';
import type { ProcessSample, ServerMetricsReport, ServerProcessReport } from '../load-report.js';
import type { Exposition } from './exposition.js';
import { fetchExposition, withoutCredentials } from './fetch-exposition.js';
import { ProcessSampler } from './process-sampler.js';
import { ProcessTree } from './process-tree.js';
import { type ClientCounts, isBehind, serverMetricsReport } from './server-metrics.js';
import { serverProcessReport } from './server-process.js';
import { ServerUnreadable } from './server-unreadable.js';

/** A server may count a call after it has written the answer. */
const CATCH_UP_MS = 250;
const CATCH_UPS = 4;

export interface ObserverOptions {
  readonly metricsUrl?: string | undefined;
  readonly pid?: number | undefined;
  /** The header of that name, sent with each scrape. */
  readonly authorization?: string | undefined;
}

/** What the client counted over the whole run, and over the hold. */
export interface FinalCounts extends ClientCounts {
  /** Sessions that were open at `markAllOpen`, including idle ones. */
  readonly openSessions: number;
  /** Tool calls that were answered between `markHoldStart` and `markHoldEnd`. */
  readonly holdCalls: number;
}

export interface ServerReports {
  readonly metrics: ServerMetricsReport | null;
  readonly process: ServerProcessReport | null;
}

export class ServerObserver {
  readonly #options: ObserverOptions;
  readonly #closing = new AbortController();
  #before: Exposition | undefined;
  #sampler: ProcessSampler | undefined;
  #beforeFirstSession: ProcessSample | undefined;
  #allOpen: ProcessSample | undefined;
  #holdStart: ProcessSample | undefined;
  #holdEnd: ProcessSample | undefined;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /**
   * Reads the metrics and takes the first sample. Must be called before the first session is opened.
   * @param originMs the start of the run by `performance.now()`, from which samples count
   * @throws {ServerUnreadable} with one sentence, if either cannot be read
   */
  async begin(originMs = performance.now()): Promise<void> {
    const { metricsUrl, pid, authorization } = this.#options;
    const tree = pid === undefined ? undefined : new ProcessTree(pid);
    if (metricsUrl !== undefined) {
      this.#before = await fetchExposition(metricsUrl, { authorization, signal: this.#closing.signal });
    }
    this.#closing.signal.throwIfAborted();
    if (tree === undefined) return;
    this.#sampler = new ProcessSampler({
      now: () => performance.now() - originMs,
      sample: () => tree.sample(),
    });
    this.#sampler.start();
    const { stopped } = this.#sampler;
    if (stopped !== undefined) throw new ServerUnreadable(stopped.reason);
    this.#beforeFirstSession = this.#sampler.samples[0];
  }

  /** All sessions are open. */
  markAllOpen(): void {
    this.#allOpen = this.#sampler?.take();
  }

  /** The hold begins. */
  markHoldStart(): void {
    this.#holdStart = this.#sampler?.take();
  }

  /** The last call of the hold was answered or abandoned. */
  markHoldEnd(): void {
    this.#holdEnd = this.#sampler?.take();
  }

  /**
   * Ends the samples and reads the metrics again. If the server cannot be read any more, the report says so. Must be
   * called when every request of the run was answered or abandoned.
   */
  async finish(counts: FinalCounts): Promise<ServerReports> {
    this.#sampler?.stop();
    return { metrics: await this.#metrics(counts), process: this.#process(counts) };
  }

  /** Releases timer and connections. May be called at any time and more than once. */
  close(): void {
    this.#sampler?.stop();
    this.#closing.abort();
  }

  async #metrics(counts: ClientCounts): Promise<ServerMetricsReport | null> {
    const { metricsUrl } = this.#options;
    const before = this.#before;
    if (metricsUrl === undefined || before === undefined) return null;
    const url = withoutCredentials(metricsUrl);
    const report = async () =>
      serverMetricsReport({ url, before, after: await this.#readAgain(metricsUrl), counts });
    const first = await report();
    let last = first;
    for (let wait = 0; wait < CATCH_UPS && isBehind(last); wait += 1) {
      await delay(CATCH_UP_MS, undefined, { signal: this.#closing.signal });
      const next = await report();
      if (next.checks.length === 0) break;
      last = next;
    }
    // Some figures, such as Bulkhead's event-loop delay, count from the last scrape, so the first scrape after the run
    // has all of it.
    return { ...first, checks: last.checks };
  }

  async #readAgain(url: string): Promise<Exposition | string> {
    const { signal } = this.#closing;
    try {
      return await fetchExposition(url, { authorization: this.#options.authorization, signal });
    } catch (error) {
      if (!(error instanceof ServerUnreadable)) throw error;
      return messageOf(error);
    }
  }

  #process(counts: FinalCounts): ServerProcessReport | null {
    const { pid } = this.#options;
    if (pid === undefined || this.#sampler === undefined) return null;
    return serverProcessReport({
      pid,
      samples: this.#sampler.samples,
      beforeFirstSession: this.#beforeFirstSession,
      allOpen: this.#allOpen,
      holdStart: this.#holdStart,
      holdEnd: this.#holdEnd,
      openSessions: counts.openSessions,
      holdCalls: counts.holdCalls,
      stopped: this.#sampler.stopped,
    });
  }
}
