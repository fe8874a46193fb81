/**
 * One server of the catalogue. Either it is served, or it says why it cannot be and is tried again, with growing
 * pauses. A broken server does not prevent the others from being served. Another version of it takes the place of the
 * one that is served when that is asked for, and if it is sound.
 */

import { WorkerPool } from '../isolation/pool.js';
import type { PortWorker } from '../isolation/port/port-worker.js';
import type { Retirement } from '../isolation/worker-starter.js';
import { differentKinds } from '../servers/list-digests.js';
import type { BrokenEntry, ServerEntry } from '../servers/server-entry.js';
import type { AllSessions } from '../session/all-sessions.js';
import { SessionManager } from '../session/session-manager.js';
import { BulkheadError, messageOf } from '../shared/errors.js';
import type { LogLevel } from '../shared/frames/from-worker.js';
import { type JoinedRun, JoinedRuns } from '../shared/joined-runs.js';
import { LIST_KINDS, type ListKind } from '../shared/list-methods.js';
import { StopDeadline } from '../shared/stop-deadline.js';
import type { ReloadCause } from '../telemetry/events.js';
import type { ServerSnapshot } from '../telemetry/snapshot.js';
import { prepareServer } from './prepare-server.js';
import type { HostingResources, Purpose, ServerVersion } from './server-version.js';

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 5 * 60_000;
/** For a version that was ready too late. */
const CLOSE_LATE_MS = 2_000;

export interface ReloadRequest {
  readonly cause: ReloadCause;
  /** Which sessions leave their workers for the new version. */
  readonly sessions: Retirement;
}

export class HostedServer {
  readonly name: string;
  readonly #resources: HostingResources;
  readonly #all: AllSessions;
  readonly #reloads = new JoinedRuns<ReloadRequest, ServerSnapshot>(
    (run) => this.#reload(run),
    (one, other) => (other.sessions === 'all' ? { ...one, sessions: 'all' } : one),
  );
  #entry: ServerEntry | BrokenEntry;
  /** Resolves with its entry as soon as that is right. */
  readonly rightEntry: Promise<ServerEntry>;
  #markRight: (entry: ServerEntry) => void = () => {};
  #version: ServerVersion | undefined;
  #versions = 0;
  #loadedAtMs: number | undefined;
  #codeReadAtMs = Number.POSITIVE_INFINITY;
  #pool: WorkerPool<PortWorker> | undefined;
  #sessions: SessionManager | undefined;
  #failure: unknown;
  #failures = 0;
  /** The reason that the log has said last. */
  #told: string | undefined;
  /** A reload reports why it failed. */
  #reports = false;
  #retry: NodeJS.Timeout | undefined;
  #starting: Promise<void> | undefined;
  #filled = false;
  /** The version that is being prepared; aborted to begin again with the files as they are then. */
  #attempt: AbortController | undefined;
  readonly #stopping = new AbortController();

  constructor(
    entry: ServerEntry | BrokenEntry,
    resources: Omit<HostingResources, 'stopping' | 'trials'>,
    all: AllSessions,
  ) {
    this.name = entry.name;
    this.#entry = entry;
    this.#resources = { ...resources, stopping: this.#stopping.signal, trials: new Set() };
    this.#all = all;
    this.rightEntry = new Promise((resolve) => {
      this.#markRight = resolve;
    });
    if (!isBroken(entry)) this.#markRight(entry);
  }

  /** `undefined` while it cannot be served. */
  get sessions(): SessionManager | undefined {
    return this.#sessions;
  }

  /** The workers of all its versions. */
  get pool(): WorkerPool<PortWorker> | undefined {
    return this.#pool;
  }

  /** The absolute path of the file without which its entry is wrong, if that is so. */
  get missingFile(): string | undefined {
    return isBroken(this.#entry) ? this.#entry.missingFile : undefined;
  }

  /** One sentence that says why it cannot be served, or `undefined`. */
  get unavailable(): string | undefined {
    if (this.#sessions !== undefined) return undefined;
    return this.#failure === undefined ? 'it is being started' : messageOf(this.#failure);
  }

  get state(): 'starting' | 'served' | 'broken' {
    if (this.#sessions !== undefined) return 'served';
    return this.#failure === undefined ? 'starting' : 'broken';
  }

  snapshot(): ServerSnapshot {
    const { name, kind, isolation, state, unavailable } = this;
    return {
      name,
      kind,
      isolation,
      state,
      sessions: this.#sessions?.size ?? 0,
      version: this.#versions,
      loadedAtMs: this.#loadedAtMs,
      serverInfo: this.#version?.serverInfo,
      outdatedWorkers: this.#pool?.outdated ?? 0,
      reason: unavailable,
    };
  }

  /** When its code was read last, or began to be, in milliseconds of Unix time; infinite before. */
  get codeReadAtMs(): number {
    return this.#codeReadAtMs;
  }

  /** The error with which `start` failed. */
  get failure(): unknown {
    return this.#failure;
  }

  get kind(): 'module' | 'script' | 'command' | 'unknown' {
    return isBroken(this.#entry) ? 'unknown' : this.#entry.kind;
  }

  get isolation(): 'thread' | 'process' | undefined {
    return isBroken(this.#entry) ? undefined : this.#entry.isolation;
  }

  /** Tries to start it. Resolves when it is served, or when it was found to be broken. */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /**
   * Reads its code again. If the new version is sound, it takes the place of the present one: no connection closes, and
   * no request fails. If not, the present one goes on. A server that is broken is tried again. A version that is still
   * being tried out when one of its files is saved is given up at once: it may hang.
   * @throws {BulkheadError} `ERR_BULKHEAD_SERVER_MODULE` with one sentence if the new version cannot be served;
   *   `ERR_BULKHEAD_DRAINING` if the gateway stops
   */
  reload(request: ReloadRequest): Promise<ServerSnapshot> {
    return request.cause === 'watch' && this.#beginAgain()
      ? this.#joined(request)
      : this.#reloads.run(request);
  }

  /** Starts its spares, and replaces them from now on. */
  fill(): void {
    this.#filled = true;
    this.#pool?.fill();
  }

  async close(deadline: StopDeadline): Promise<void> {
    this.#stopping.abort(stopping());
    clearTimeout(this.#retry);
    const { trials } = this.#resources;
    await Promise.all([this.#pool?.close(deadline), ...[...trials].map((trial) => trial.close(deadline))]);
    await deadline.within(Promise.all([this.#reloads.idle(), this.#starting]));
  }

  /** For the `exit` event of the process, when nothing can be awaited any more. */
  killChildrenNow(): void {
    this.#pool?.killChildrenNow();
    for (const trial of this.#resources.trials) trial.killChildrenNow();
  }

  async #start(): Promise<void> {
    try {
      const version = await this.#prepare('start');
      if (version === undefined) return;
      const { events, nextId } = this.#resources;
      const { starter, budget, options, answers, headerParams, discovery } = version;
      const { affinity, reuse, handleTools, personal } = version;
      const { spareThreads, introduction = () => undefined } = version;
      this.#pool = new WorkerPool({ spareThreads, introduction }, budget, starter, events, nextId);
      this.#took(version);
      this.#sessions = new SessionManager(
        { ...options, server: this.name, affinity, reuse, handleTools, personal },
        events,
        this.#all,
        this.#pool,
        answers,
        headerParams,
        discovery,
      );
      if (this.#filled) this.#pool.fill();
      if (this.#failures > 0) this.#note('info', `the server "${this.name}" is served now`);
      this.#failure = undefined;
      this.#failures = 0;
      this.#told = undefined;
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @returns whether a version is being prepared: from the files as they are now */
  #beginAgain(): boolean {
    if (this.#attempt === undefined) return false;
    this.#note('debug', 'a file has changed: the version that is being tried out is given up');
    this.#attempt.abort(new Error('a later version takes its place'));
    for (const trial of this.#resources.trials) void trial.close(new StopDeadline(CLOSE_LATE_MS));
    return true;
  }

  /** Waits for what is being prepared. */
  async #joined(request: ReloadRequest): Promise<ServerSnapshot> {
    const reload = this.#reloads.join(request);
    if (reload !== undefined) return reload;
    await this.#starting;
    if (this.#sessions !== undefined) return this.snapshot();
    throw this.#isStopping ? stopping() : asModuleError(this.#failure);
  }

  async #reload(run: JoinedRun<ReloadRequest>): Promise<ServerSnapshot> {
    const startedMs = performance.now();
    let changed: readonly ListKind[] = [];
    const tell = (result: 'reloaded' | 'refused', error?: unknown): void => {
      this.#resources.events.emit('server-reloaded', {
        server: this.name,
        result,
        version: this.#versions,
        cause: run.request.cause,
        changed,
        durationMs: performance.now() - startedMs,
        error: error === undefined ? undefined : messageOf(error),
        where: error instanceof BulkheadError ? error.detail : undefined,
      });
    };
    if (this.#isStopping) throw stopping();
    try {
      await this.#starting;
      if (this.#sessions === undefined) await this.#startAgain();
      else changed = await this.#replace(this.#sessions, run);
    } catch (error) {
      if (this.#isStopping) throw stopping();
      tell('refused', error);
      throw asModuleError(error);
    }
    tell('reloaded');
    return this.snapshot();
  }

  async #startAgain(): Promise<void> {
    clearTimeout(this.#retry);
    this.#reports = true;
    await this.start();
    this.#reports = false;
    if (this.#sessions === undefined) throw this.#failure;
  }

  /** @returns the lists that differ between both versions */
  async #replace(sessions: SessionManager, run: JoinedRun<ReloadRequest>): Promise<readonly ListKind[]> {
    const version = await this.#prepare('reload');
    const present = this.#version;
    if (version === undefined || present === undefined) throw stopping();
    const { lists } = version;
    // Of one that could not be tried out, nothing is known.
    const changed = lists === undefined ? LIST_KINDS : differentKinds(present.lists, lists);
    this.#pool?.replace(version.starter, run.request.sessions, version.introduction);
    this.#took(version);
    await Promise.all([sessions.renew(version, changed), present.forget()]);
    return changed;
  }

  /** @returns `undefined` if the gateway was closed meanwhile; nothing is left of the version then */
  async #prepare(purpose: Purpose): Promise<ServerVersion | undefined> {
    for (;;) {
      const attempt = new AbortController();
      this.#attempt = attempt;
      let version: ServerVersion | undefined;
      try {
        version = await this.#tried(purpose, attempt.signal);
      } catch (error) {
        if (!attempt.signal.aborted || this.#closed) throw error;
      } finally {
        this.#attempt = undefined;
        this.#resources.trials.clear();
      }
      if (version !== undefined && !attempt.signal.aborted && !this.#closed) return version;
      await version?.starter.close(new StopDeadline(CLOSE_LATE_MS));
      if (this.#closed) return undefined;
    }
  }

  /** @param givenUp aborted when another attempt takes its place */
  #tried(purpose: Purpose, givenUp: AbortSignal): Promise<ServerVersion> {
    const stopping = AbortSignal.any([this.#resources.stopping, givenUp]);
    return this.#resources.preparations.run(stopping, () => {
      this.#codeReadAtMs = Date.now();
      return prepareServer(this.#readAgain(), { ...this.#resources, stopping }, purpose);
    });
  }

  #took(version: ServerVersion): void {
    this.#version = version;
    this.#versions += 1;
    this.#loadedAtMs = Date.now();
  }

  get #closed(): boolean {
    return this.#stopping.signal.aborted;
  }

  get #isStopping(): boolean {
    return this.#closed || this.#all.draining;
  }

  /** @throws what is wrong with the entry */
  #readAgain(): ServerEntry {
    if (isBroken(this.#entry) && this.#failures > 0) this.#entry = this.#entry.readAgain?.() ?? this.#entry;
    // The reason names file and key; what it becomes a part of has a full stop of its own.
    if (isBroken(this.#entry)) throw new Error(this.#entry.reason.replace(/\.$/, ''));
    this.#markRight(this.#entry);
    return this.#entry;
  }

  #failed(error: unknown): void {
    this.#failure = error;
    this.#failures += 1;
    // After the first attempt, the caller that waits for it decides what follows.
    if (this.#failures > 1) this.retryLater();
  }

  /** After a failed attempt: reports it, once until the reason changes, and tries again after a while. */
  retryLater(): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    const hopeless = isBroken(this.#entry) && this.#entry.readAgain === undefined;
    const delayMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    const next = hopeless ? 'its entry has to be corrected' : `it is tried again in ${delayMs / 1000} s`;
    const reason = messageOf(this.#failure).replace(/\.$/, '');
    const where = this.#failure instanceof BulkheadError ? this.#failure.detail : undefined;
    const level = this.#reports || reason === this.#told ? 'debug' : 'error';
    this.#note(level, `the server "${this.name}" cannot be served: ${reason}; ${next}`, where);
    this.#told = reason;
    if (hopeless) return;
    this.#retry = setTimeout(() => void this.start(), delayMs).unref();
  }

  /** @param where several lines about the author's file that is at fault */
  #note(level: LogLevel, message: string, where?: string): void {
    const fields = { server: this.name, ...(where !== undefined && { where }) };
    this.#resources.events.emit('notice', { level, message, fields });
  }
}

function isBroken(entry: ServerEntry | BrokenEntry): entry is BrokenEntry {
  return 'reason' in entry;
}

function stopping(): BulkheadError {
  return new BulkheadError('ERR_BULKHEAD_DRAINING', 'The gateway stops, and reloads nothing any more.');
}

function asModuleError(error: unknown): BulkheadError {
  if (error instanceof BulkheadError) return error;
  return new BulkheadError('ERR_BULKHEAD_SERVER_MODULE', messageOf(error), { cause: error });
}
