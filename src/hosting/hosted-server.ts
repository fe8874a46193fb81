/**
 * One server of the catalogue. Either it is served, or it says why it cannot be and is tried again, with growing
 * pauses. A broken server does not prevent the others from being served.
 */

import type { BrokenEntry, ServerEntry } from '../servers/server-entry.js';
import type { AllSessions } from '../session/all-sessions.js';
import { SessionManager } from '../session/session-manager.js';
import { BulkheadError, messageOf } from '../shared/errors.js';
import { StopDeadline } from '../shared/stop-deadline.js';
import type { ServerSnapshot } from '../telemetry/snapshot.js';
import { type HostingResources, type StartedServer, startServer } from './start-server.js';

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 5 * 60_000;
/** For the pool of a server whose start ended too late. */
const CLOSE_LATE_MS = 2_000;

export class HostedServer {
  readonly name: string;
  readonly #resources: HostingResources;
  readonly #all: AllSessions;
  #entry: ServerEntry | BrokenEntry;
  #started: StartedServer | undefined;
  #sessions: SessionManager | undefined;
  #failure: unknown;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #starting: Promise<void> | undefined;
  #filled = false;
  #closed = false;

  constructor(entry: ServerEntry | BrokenEntry, resources: HostingResources, all: AllSessions) {
    this.name = entry.name;
    this.#entry = entry;
    this.#resources = resources;
    this.#all = all;
  }

  /** `undefined` while it cannot be served. */
  get sessions(): SessionManager | undefined {
    return this.#sessions;
  }

  get started(): StartedServer | undefined {
    return this.#started;
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
    return { name, kind, isolation, state, sessions: this.#sessions?.size ?? 0, reason: unavailable };
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

  /** Starts its spares, and replaces them from now on. */
  fill(): void {
    this.#filled = true;
    this.#started?.pool.fill();
  }

  async close(deadline: StopDeadline): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#started?.pool.close(deadline);
  }

  /** For the `exit` event of the process, when nothing can be awaited any more. */
  killChildrenNow(): void {
    this.#started?.pool.killChildrenNow();
  }

  async #start(): Promise<void> {
    try {
      const entry = this.#readAgain();
      const started = await startServer(entry, this.#resources);
      // The gateway was closed during the start.
      if (this.#closed) return started.pool.close(new StopDeadline(CLOSE_LATE_MS));
      this.#started = started;
      const { options, pool, answers, headerParams, affinity, reuse, handleTools, discovery } = started;
      this.#sessions = new SessionManager(
        { ...options, server: this.name, affinity, reuse, handleTools },
        this.#resources.events,
        this.#all,
        pool,
        answers,
        headerParams,
        discovery,
      );
      if (this.#filled) pool.fill();
      if (this.#failures > 0) this.#note('info', `the server "${this.name}" is served now`);
      this.#failure = undefined;
      this.#failures = 0;
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @throws what is wrong with the entry */
  #readAgain(): ServerEntry {
    if (isBroken(this.#entry) && this.#failures > 0) this.#entry = this.#entry.readAgain?.() ?? this.#entry;
    // The reason names file and key; what it becomes a part of has a full stop of its own.
    if (isBroken(this.#entry)) throw new Error(this.#entry.reason.replace(/\.$/, ''));
    return this.#entry;
  }

  #failed(error: unknown): void {
    this.#failure = error;
    this.#failures += 1;
    // After the first attempt, the caller that waits for it decides what follows.
    if (this.#failures > 1) this.retryLater();
  }

  /** After a failed attempt: reports it, and tries again after a while. */
  retryLater(): void {
    if (this.#closed) return;
    const hopeless = isBroken(this.#entry) && this.#entry.readAgain === undefined;
    const delayMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    const next = hopeless ? 'its entry has to be corrected' : `it is tried again in ${delayMs / 1000} s`;
    const message = `the server "${this.name}" cannot be served: ${messageOf(this.#failure)}; ${next}`;
    const where = this.#failure instanceof BulkheadError ? this.#failure.detail : undefined;
    this.#note('error', message, where);
    if (hopeless) return;
    this.#retry = setTimeout(() => void this.start(), delayMs).unref();
  }

  /** @param where several lines about the author's file that is at fault */
  #note(level: 'info' | 'error', message: string, where?: string): void {
    const fields = { server: this.name, ...(where !== undefined && { where }) };
    this.#resources.events.emit('notice', { level, message, fields });
  }
}

function isBroken(entry: ServerEntry | BrokenEntry): entry is BrokenEntry {
  return 'reason' in entry;
}
