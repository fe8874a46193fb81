/** Mocha's root hooks: they end what each test started, and fail the run when anything is left at its end. */
import { cleanUp } from './cleanup.js';
import { until } from './deadline.js';
import { type Inventory, leftSince, takeInventory } from './left-behind.js';

const SETTLE_MS = 5_000;
let before: Inventory;

export const mochaHooks = {
  async beforeAll(): Promise<void> {
    before = await takeInventory();
  },

  async afterEach(): Promise<void> {
    await cleanUp();
  },

  async afterAll(): Promise<void> {
    let left: string[] = [];
    const nothingLeft = () => {
      left = leftSince(before);
      return left.length === 0;
    };
    await until(nothingLeft, () => `the tests to leave nothing behind. Left: ${left.join('; ')}`, SETTLE_MS);
  },
};
