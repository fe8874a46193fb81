import { setTimeout as delay } from 'node:timers/promises';

/** How long a test waits for anything by default. It ends a test that hangs, and measures nothing. */
export const DEADLINE_MS = 20_000;

/**
 * The promise's own outcome, or a failure with the sentence `Waited <deadlineMs> ms for <what>.`
 * @param what what was waited for, or a function that returns it at the moment of the failure
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  what: string | (() => string),
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Waited ${deadlineMs} ms for ${typeof what === 'string' ? what : what()}.`));
    }, deadlineMs);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits until `check` returns something other than `undefined` and `false`, for changes without an event: the operating
 * system's processes, threads and sockets.
 */
export async function until<T>(
  check: () => T | undefined | false | Promise<T | undefined | false>,
  what: string | (() => string),
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (performance.now() >= deadline) {
      throw new Error(`Waited ${deadlineMs} ms for ${typeof what === 'string' ? what : what()}.`);
    }
    await delay(5);
  }
}
