/** What each consumer has and has used. Bounded: accounts of those who have nothing are forgotten, the oldest first. */
import type { SessionWorker } from '../isolation/worker.js';
import { SessionEviction } from '../session/session-eviction.js';
import type { CountedSession } from '../session/session-use.js';
import { AdmissionWindow } from '../telemetry/admission-window.js';
import type { QuotaName } from '../telemetry/events.js';
import type { Bucket } from './bucket.js';

/** More of them than this have nothing, at most. */
const MAX_ACCOUNTS = 20_000;
/** How many are looked at to find one that can be forgotten. */
const LOOKS = 64;
/** Buckets are full again by then, unless somebody has sent very much at once. */
const REMEMBERED_MS = 120_000;
/** A line of the log for each quota of each consumer. */
const NOTICE_MS = 60_000;

/** A worker that a session has, or waits for. */
export interface Hold {
  readonly session: CountedSession;
  worker: SessionWorker | undefined;
}

export class Account {
  readonly sessions = new Set<CountedSession>();
  readonly holds = new Set<Hold>();
  requests = 0;
  rate: Bucket | undefined;
  bytes: Bucket | undefined;
  processor: Bucket | undefined;
  usedMs = 0;
  #eviction: SessionEviction<CountedSession> | undefined;
  #notices: Map<QuotaName, AdmissionWindow> | undefined;

  get holdsNothing(): boolean {
    return this.sessions.size === 0 && this.holds.size === 0 && this.requests === 0;
  }

  /** Which of its sessions ends to make room for another one. */
  get eviction(): SessionEviction<CountedSession> {
    this.#eviction ??= new SessionEviction(() => this.sessions);
    return this.#eviction;
  }

  /** How many refusals were not reported before this one; `undefined`: this one is not reported either. */
  notice(quota: QuotaName): number | undefined {
    this.#notices ??= new Map();
    let window = this.#notices.get(quota);
    if (window === undefined) {
      window = new AdmissionWindow(1, NOTICE_MS);
      this.#notices.set(quota, window);
    }
    return window.admit();
  }
}

export class Accounts {
  /** The one that was made, or last found to be in use, longest ago is the first. */
  readonly #accounts = new Map<string, Account>();
  readonly #most: number;

  constructor(most = MAX_ACCOUNTS) {
    this.#most = most;
  }

  get size(): number {
    return this.#accounts.size;
  }

  of(consumer: string, nowMs: number): Account {
    let account = this.#accounts.get(consumer);
    if (account === undefined) {
      if (this.#accounts.size >= this.#most) this.#forgetOne(nowMs);
      account = new Account();
      this.#accounts.set(consumer, account);
    }
    account.usedMs = nowMs;
    return account;
  }

  /** One that has been used lately is forgotten only if none of those that were looked at has not. */
  #forgetOne(nowMs: number): void {
    let fallback: string | undefined;
    let looks = 0;
    for (const [consumer, account] of this.#accounts) {
      if (account.holdsNothing && nowMs - account.usedMs >= REMEMBERED_MS) {
        this.#accounts.delete(consumer);
        return;
      }
      if (account.holdsNothing) fallback ??= consumer;
      looks += 1;
      if (looks >= LOOKS) break;
      // It comes last now: the next look begins with others.
      this.#accounts.delete(consumer);
      this.#accounts.set(consumer, account);
    }
    if (fallback !== undefined) this.#accounts.delete(fallback);
  }
}
