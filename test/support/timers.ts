import { afterThisTest } from './cleanup.js';

/**
 * Makes the timers of this process that are set for `fromMs` come after `toMs`, for the current test: for deadlines of the
 * gateway that are no options and that no test should wait for.
 * @returns how many were set, so that a test can tell that it tested something
 */
export function shortenTimeouts(fromMs: number, toMs: number): { set: number } {
  const original = globalThis.setTimeout;
  const shortened = { set: 0 };
  const shorter = (callback: () => void, ms?: number, ...args: []): NodeJS.Timeout => {
    if (ms === fromMs) shortened.set += 1;
    return original(callback, ms === fromMs ? toMs : ms, ...args);
  };
  globalThis.setTimeout = Object.assign(shorter, original) as typeof setTimeout;
  afterThisTest(() => {
    globalThis.setTimeout = original;
  });
  return shortened;
}
