import { afterThisTest } from './cleanup.js';

/**
 * For the current test, timers of this process with `fromMs` fire after `toMs`: for deadlines of the gateway that are
 * not options and for which no test should wait.
 * @returns how many were set, so that a test can check that it has tested something
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
