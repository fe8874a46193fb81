/**
 * The sessions of one load worker. Each has a place that is kept filled: a client that leaves, vanishes or is forgotten
 * is replaced by a new one.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoadFailure } from './client/failure-kind.js';
import type { LoadClient, LoadClientObserver, LoadClientSettings } from './client/load-client.js';
import { newLoadClient } from './client/new-load-client.js';
import type { LoadPlan } from './load-plan.js';
import type { Recorder } from './recorder.js';
import { partOf, type Share } from './share.js';

interface Place {
  readonly idle: boolean;
  session: LoadClient | undefined;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 4_000;
/** How many sessions end, or are asked whether they are alive, at the same time. */
const AT_ONCE = 64;

export class Population implements LoadClientObserver {
  readonly #settings: LoadClientSettings;
  readonly #plan: LoadPlan;
  readonly #share: Share;
  readonly #recorder: Recorder;
  readonly #places: Place[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #closing = new AbortController();
  /** What happens besides calls: clients that come and go. */
  readonly #underway = new Set<Promise<void>>();
  /** Open sessions that make calls. */
  readonly #callers: LoadClient[] = [];
  #nextNumber: number;
  #whenCaller: (() => void) | undefined;

  /** @param stop aborts the opening and replacing of sessions */
  constructor(
    settings: LoadClientSettings,
    plan: LoadPlan,
    share: Share,
    recorder: Recorder,
    stop: AbortSignal,
  ) {
    // As many listeners as there are sessions that wait to be opened.
    setMaxListeners(0, this.#closing.signal);
    stop.addEventListener('abort', () => this.#stopRefills());
    this.#settings = settings;
    this.#plan = plan;
    this.#share = share;
    this.#recorder = recorder;
    this.#nextNumber = share.index;
    const callers = partOf(plan.sessions, share);
    const idle = partOf(plan.idleSessions, share);
    // Mixed evenly, so that both kinds are opened over the whole ramp.
    for (let index = 0; index < callers + idle; index += 1) {
      const idleSoFar = Math.floor((index * idle) / (callers + idle));
      const idleNow = Math.floor(((index + 1) * idle) / (callers + idle));
      this.#places.push({ idle: idleNow > idleSoFar, session: undefined });
    }
  }

  /** Open sessions, including idle ones. */
  get size(): number {
    return this.#places.filter(({ session }) => session?.state === 'open').length;
  }

  /** A session for a caller of a closed loop, in turn; `undefined` if none is open. */
  pick(turn: number): LoadClient | undefined {
    return this.#callers[turn % this.#callers.length];
  }

  /** Resolves when a session can be called, or when the run ends. */
  async untilCallable(): Promise<void> {
    if (this.#callers.length > 0 || this.#closing.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#whenCaller = resolve;
    });
  }

  /** Opens all sessions, evenly over the ramp. Those that fail are tried again, but not waited for. */
  async ramp(): Promise<void> {
    const startMs = performance.now();
    const { length } = this.#places;
    await Promise.all(
      this.#places.map(async (place, index) => {
        // Workers take turns.
        const offset = (index * this.#share.of + this.#share.index) / (length * this.#share.of);
        const dueMs = startMs + offset * this.#plan.rampMs;
        await this.#pause(Math.max(0, dueMs - performance.now()));
        if (this.#closing.signal.aborted) return;
        const opened = await this.#open(place, dueMs);
        if (!opened) this.#refill(place);
      }),
    );
  }

  /** Begins to end and drop sessions. */
  startTurnover(): void {
    this.#every(this.#plan.churnPerSecond, (place, session) => this.#replace(place, session, 'end'));
    this.#every(this.#plan.dropPerSecond, (place, session) => this.#replace(place, session, 'drop'));
  }

  /** Stops ending and replacing sessions; open sessions stay. Resolves when nothing is in progress any more. */
  async stopTurnover(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers.clear();
    this.#stopRefills();
    while (this.#underway.size > 0) await Promise.all(this.#underway);
  }

  /** Asks for each idle session whether the server still knows it, then ends all sessions. */
  async leave(): Promise<void> {
    await this.#overAll(async ({ idle, session }) => {
      if (!idle || session?.state !== 'open') return;
      // A failure is reported to the recorder.
      await session.ping().catch(() => undefined);
    });
    await this.#overAll(async (place) => {
      const { session } = place;
      if (session === undefined) return;
      if (session.state === 'open') this.#recorder.sessions.ended += 1;
      await session.end();
    });
  }

  onAnswered(method: string, latencyMs: number): void {
    this.#recorder.answered(method, null, latencyMs);
  }

  onFailure(method: string, failure: LoadFailure): void {
    this.#recorder.failed(method, null, failure);
  }

  onStreamClosed(): void {
    this.#recorder.sessions.streamsClosed += 1;
  }

  onForgotten(session: LoadClient): void {
    this.#recorder.sessions.forgotten += 1;
    const place = this.#places.find((candidate) => candidate.session === session);
    if (place === undefined) return;
    this.#vacate(place);
    this.#track(session.discard());
    this.#refill(place, () => {
      this.#recorder.sessions.reopened += 1;
    });
  }

  async #replace(place: Place, session: LoadClient, how: 'end' | 'drop'): Promise<void> {
    this.#vacate(place);
    this.#recorder.sessions[how === 'end' ? 'ended' : 'dropped'] += 1;
    this.#refill(place);
    await session[how]();
  }

  #stopRefills(): void {
    this.#closing.abort();
    this.#whenCaller?.();
  }

  /** Opens a session at the place, repeatedly until one is open or the run ends. */
  #refill(place: Place, then?: () => void): void {
    const fill = async (): Promise<void> => {
      for (let pauseMs = 0; ; pauseMs = Math.min(LAST_RETRY_MS, pauseMs * 2 || FIRST_RETRY_MS)) {
        await this.#pause(pauseMs);
        if (this.#closing.signal.aborted) return;
        if (await this.#open(place, performance.now())) break;
      }
      then?.();
    };
    this.#track(fill());
  }

  /** @returns whether the session is open. */
  async #open(place: Place, dueMs: number): Promise<boolean> {
    const session = newLoadClient(this.#settings, this.#nextNumber, this);
    this.#nextNumber += this.#share.of;
    try {
      await session.open(place.idle || this.#plan.listen);
    } catch {
      // The session has already told the recorder.
      this.#recorder.sessions.failed += 1;
      await session.drop();
      return false;
    }
    this.#recorder.sessionCreated(performance.now() - dueMs);
    place.session = session;
    if (!place.idle) this.#callers.push(session);
    this.#whenCaller?.();
    return true;
  }

  #vacate(place: Place): void {
    const index = place.session === undefined ? -1 : this.#callers.indexOf(place.session);
    const last = this.#callers.at(-1);
    if (index !== -1 && last !== undefined) {
      this.#callers[index] = last;
      this.#callers.pop();
    }
    place.session = undefined;
  }

  #every(perSecond: number, act: (place: Place, session: LoadClient) => Promise<void>): void {
    if (perSecond === 0) return;
    const tick = (): void => {
      const open = this.#places.filter(({ session }) => session?.state === 'open');
      const place = open[Math.floor(Math.random() * open.length)];
      if (place?.session !== undefined) this.#track(act(place, place.session));
    };
    this.#timers.add(setInterval(tick, (1_000 * this.#share.of) / perSecond));
  }

  #track(work: Promise<void>): void {
    this.#underway.add(work);
    work.finally(() => this.#underway.delete(work)).catch(rethrow);
  }

  async #overAll(act: (place: Place) => Promise<void>): Promise<void> {
    const rest = this.#places.values();
    const lane = async (): Promise<void> => {
      for (const place of rest) await act(place);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  }

  async #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#closing;
    await delay(milliseconds, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

/** An unexpected failure ends the worker, and with it the run. */
function rethrow(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
