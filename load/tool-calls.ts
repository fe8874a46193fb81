/** When calls are made: the open loop and the closed loop. */
import { setTimeout as delay } from 'node:timers/promises';
import { CallTemplate } from './client/call-template.js';
import { LoadFailure } from './client/failure-kind.js';
import type { LoadClient } from './client/load-client.js';
import type { LoadPlan } from './load-plan.js';
import type { Population } from './population.js';
import type { Recorder } from './recorder.js';
import { partOf, type Share } from './share.js';

/** How many calls may wait for their answers, over all workers. Calls that become due beyond this are not sent. */
const MAX_WAITING = 20_000;
/** Pause after a call that failed at once, so that a closed loop against a server that is down does not spin. */
const AFTER_FAILURE_MS = 50;

export class ToolCalls {
  readonly #plan: LoadPlan;
  readonly #share: Share;
  readonly #population: Population;
  readonly #recorder: Recorder;
  readonly #templates: readonly { readonly template: CallTemplate; readonly upTo: number }[];
  #waiting = 0;
  #whenSettled: (() => void) | undefined;

  /** @param meta what `_meta` has in each call besides the progress token */
  constructor(
    plan: LoadPlan,
    meta: Readonly<Record<string, unknown>>,
    share: Share,
    population: Population,
    recorder: Recorder,
  ) {
    this.#plan = plan;
    this.#share = share;
    this.#population = population;
    this.#recorder = recorder;
    let upTo = 0;
    this.#templates = plan.mix.map((entry) => {
      upTo += entry.weight;
      return { template: new CallTemplate(entry, meta), upTo };
    });
  }

  /** Makes calls until the time is over or the signal aborts. */
  async run(endMs: number, signal: AbortSignal): Promise<void> {
    const { arrivals } = this.#plan;
    if (arrivals.loop === 'open') await this.#openLoop(arrivals.callsPerSecond, endMs, signal);
    else await this.#closedLoop(arrivals.concurrency, endMs, signal);
  }

  /** Resolves when no call waits for its answer any more; each has a deadline. */
  async settled(): Promise<void> {
    if (this.#waiting > 0) {
      await new Promise<void>((resolve) => {
        this.#whenSettled = resolve;
      });
    }
  }

  /** Each call is due at its time, whatever happened to those before it, and its latency counts from then. */
  #openLoop(callsPerSecond: number, endMs: number, signal: AbortSignal): Promise<void> {
    const intervalMs = (1_000 * this.#share.of) / callsPerSecond;
    const startMs = performance.now() + (intervalMs * this.#share.index) / this.#share.of;
    return new Promise((resolve) => {
      let sent = 0;
      let timer: NodeJS.Timeout | undefined;
      const stop = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        resolve();
      };
      const send = (): void => {
        let dueMs = startMs + sent * intervalMs;
        for (let nowMs = performance.now(); dueMs <= nowMs && dueMs < endMs; nowMs = performance.now()) {
          this.#recorder.sentLate(nowMs - dueMs);
          this.#sendDue(sent, dueMs);
          sent += 1;
          dueMs = startMs + sent * intervalMs;
        }
        if (dueMs >= endMs) stop();
        else timer = setTimeout(send, dueMs - performance.now());
      };
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      else send();
    });
  }

  #sendDue(turn: number, dueMs: number): void {
    const session = this.#population.pick(turn);
    const { template } = this.#choose();
    if (session === undefined) {
      this.#failed(template.tool, new LoadFailure('not sent', 'no session was open'));
    } else if (this.#waiting >= MAX_WAITING / this.#share.of) {
      this.#failed(template.tool, new LoadFailure('not sent', `${this.#waiting} calls were waiting already`));
    } else {
      void this.#call(session, template, dueMs);
    }
  }

  async #closedLoop(concurrency: number, endMs: number, signal: AbortSignal): Promise<void> {
    const lanes = partOf(concurrency, this.#share);
    const lane = async (index: number): Promise<void> => {
      for (let turn = index; performance.now() < endMs && !signal.aborted; turn += lanes) {
        const session = this.#population.pick(turn);
        if (session === undefined) {
          await this.#population.untilCallable();
          continue;
        }
        const failure = await this.#call(session, this.#choose().template, performance.now());
        if (failure?.kind === 'connection' || failure?.kind.startsWith('http')) await delay(AFTER_FAILURE_MS);
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));
  }

  /** @returns why it failed */
  async #call(session: LoadClient, template: CallTemplate, dueMs: number): Promise<LoadFailure | undefined> {
    this.#waiting += 1;
    this.#recorder.callsSent += 1;
    const isFirst = session.calls === 0;
    try {
      const { atMs, eventStream } = await session.call(template);
      this.#recorder.callAnswered(template.tool, atMs - dueMs, isFirst, eventStream, atMs);
      return undefined;
    } catch (error) {
      if (!(error instanceof LoadFailure)) throw error;
      // Calls in flight of a client that vanished do not count as failures.
      if (session.state !== 'dropped') this.#failed(template.tool, error);
      return error;
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#whenSettled?.();
    }
  }

  #failed(tool: string, failure: LoadFailure): void {
    this.#recorder.failed('tools/call', tool, failure);
  }

  #choose(): { readonly template: CallTemplate } {
    const [only] = this.#templates;
    if (only === undefined) throw new Error('the mix is empty');
    if (this.#templates.length === 1) return only;
    const at = Math.random() * (this.#templates.at(-1)?.upTo ?? 0);
    return this.#templates.find(({ upTo }) => at < upTo) ?? only;
  }
}
