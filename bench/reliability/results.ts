/** What the nemesis suite writes and `docs/reliability.md` is made of. */

/** Milliseconds. */
export interface Latencies {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Calls that got an error or nothing, by reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** The longest that the measuring thread was late by itself. */
  readonly ownDelayMs: number;
}

export interface FaultResult {
  readonly name: string;
  /** What the fault is, and what clients see of it. */
  readonly what: string;
  readonly effect: string;
  /** It takes from the gateway what it can't do without; the bystander's goals don't hold for it. */
  readonly machine: boolean;
  readonly seconds: number;
  /** Requests of all clients, `initialize` among them. */
  readonly requests: number;
  readonly answered: number;
  /** By what the error said. */
  readonly errors: Readonly<Record<string, number>>;
  readonly closed: number;
  readonly left: number;
  /** Streams that were taken up again. */
  readonly resumes: number;
  readonly wrong: number;
  readonly lost: number;
  readonly twice: number;
  readonly gaps: number;
  /** The first sentences of what was found. */
  readonly findings: readonly string[];
  /** How the gateway died; absent where it did not. */
  readonly death?: string;
  readonly bystander: Latencies;
  /** From the end of the fault until a new session, a call, a file and a name were served; absent: not within a minute. */
  readonly recoveryMs?: number;
  /** From SIGTERM to the end of the process; absent: it had to be killed. */
  readonly stopMs?: number;
  readonly mainHeapBytes: number;
  readonly eventLoopMs: number;
}

export interface ManySessionsResult {
  readonly sessions: number;
  readonly eventLoopMs: number;
  readonly mainHeapBytes: number;
  readonly residentBytes: number;
}

export interface Results {
  readonly node: string;
  readonly machine: string;
  readonly calls: number;
  readonly faults: readonly FaultResult[];
  /** What could not run, and why. */
  readonly skipped: Readonly<Record<string, string>>;
  /** What gave no figures, because the gateway did not start or the suite itself failed. */
  readonly broken: Readonly<Record<string, string>>;
  readonly manySessions?: ManySessionsResult;
}

/** Of the bystander, of recovery, of the main thread: what the page measures its figures against. */
export const GOALS = {
  bystanderP99Ms: 100,
  bystanderMaxMs: 1_000,
  recoveryMs: 2_000,
  mainHeapBytes: 2 ** 30,
  eventLoopMs: 300,
} as const;
