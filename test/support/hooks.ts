/**
 * Mocha's root hooks: they end what each test started, fail a test during which a promise was rejected with nobody
 * to handle it, and fail the run when anything is left at its end.
 */
import { cleanUp } from './cleanup.js';
import { until } from './deadline.js';
import { type Inventory, leftSince, takeInventory } from './left-behind.js';

const SETTLE_MS = 5_000;
let before: Inventory;

/** Outside of mocha each of them would end the process. */
const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown) => unhandled.push(reason);

export const mochaHooks = {
  async beforeAll(): Promise<void> {
    process.on('unhandledRejection', noteUnhandled);
    before = await takeInventory();
  },

  async afterEach(): Promise<void> {
    await cleanUp();
    failUnhandled();
  },

  async afterAll(): Promise<void> {
    process.off('unhandledRejection', noteUnhandled);
    failUnhandled();
    let left: string[] = [];
    const nothingLeft = () => {
      left = leftSince(before);
      return left.length === 0;
    };
    await until(nothingLeft, () => `the tests to leave nothing behind. Left: ${left.join('; ')}`, SETTLE_MS);
  },
};

function failUnhandled(): void {
  const reasons = unhandled.splice(0);
  if (reasons.length > 0)
    throw new AggregateError(reasons, `Unhandled rejections: ${reasons.map(tell).join('; ')}`);
}

function tell(reason: unknown): string {
  return reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
}
