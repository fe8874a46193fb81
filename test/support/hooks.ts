/**
 * Mocha's root hooks. They end what each test started. They fail the run at its end if cleaning up failed, if a promise
 * was rejected without a handler, if a gateway that has ended left a process behind, or if anything else is left. A root hook that fails earlier would stop mocha and hide what
 * the other tests find.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'mocha';
import { cleanUp } from './cleanup.js';
import { until } from './deadline.js';
import { type Inventory, killOrphans, leftSince, orphansLeft, takeInventory } from './left-behind.js';

const SETTLE_MS = 20_000;
/** A process that is killed ends within milliseconds, if the machine is not busy. */
const ORPHANS_MS = 5_000;
const problems: string[] = [];
/** What a gateway remembers of servers is remembered for the current test alone, and not in the user's home. */
let caches: string;
let tests = 0;
let before: Inventory;
let running = 'before the first test';

/** Outside of mocha an unhandled rejection would end the process. Mocha emits each a second time. */
function noteUnhandled(reason: unknown): void {
  const problem = `Unhandled rejection during '${running}': ${tell(reason)}`;
  if (!problems.includes(problem)) problems.push(problem);
}

function useOwnCache(): void {
  tests += 1;
  process.env.XDG_CACHE_HOME = join(caches, String(tests));
}

function tell(reason: unknown): string {
  return reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
}

function orphansSentence(): string {
  return `the end of what gateways that have ended had started. Left: ${orphansLeft().join('; ')}`;
}

export const mochaHooks = {
  async beforeAll(): Promise<void> {
    process.on('unhandledRejection', noteUnhandled);
    caches = mkdtempSync(join(tmpdir(), 'bulkhead-caches-'));
    useOwnCache();
    before = await takeInventory();
  },

  beforeEach(this: Context): void {
    running = this.currentTest?.fullTitle() ?? running;
    useOwnCache();
  },

  async afterEach(): Promise<void> {
    try {
      if (await cleanUp()) await until(() => orphansLeft().length === 0, orphansSentence, ORPHANS_MS);
    } catch (error) {
      problems.push(`After '${running}': ${tell(error)}`);
      killOrphans();
    }
  },

  async afterAll(): Promise<void> {
    let left: string[] = [];
    const nothingLeft = () => {
      left = leftSince(before);
      return left.length === 0;
    };
    try {
      await until(
        nothingLeft,
        () => `the tests to leave nothing behind. Left: ${left.join('; ')}`,
        SETTLE_MS,
      );
    } catch (error) {
      problems.push(tell(error));
    }
    process.off('unhandledRejection', noteUnhandled);
    rmSync(caches, { recursive: true, force: true });
    if (problems.length > 0) throw new Error(problems.join('\n'));
  },
};
