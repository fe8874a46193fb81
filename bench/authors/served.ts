/** A project that is served over HTTP while its author edits it. */
import { setTimeout as delay } from 'node:timers/promises';
import { McpSession, type Outcome } from '../client/mcp-session.js';
import { within } from '../peers/deadline.js';
import { freePort } from '../servers/free-port.js';
import { type Running, start } from './shell.js';
import type { Way } from './ways.js';

const POLL_MS = 5;
const CALL_DEADLINE_MS = 5_000;

export interface Served {
  readonly url: URL;
  readonly running: Running;
}

/** Serves the project in the folder for as long as this runs. */
export async function whileServed<Result>(
  way: Way,
  folder: string,
  measure: (served: Served) => Promise<Result>,
): Promise<Result> {
  const port = await freePort();
  const running = start(way.serve(port), folder);
  try {
    return await measure({ url: new URL(`http://127.0.0.1:${port}/mcp`), running });
  } finally {
    await running.stop();
  }
}

/** A session as soon as one can be had; `undefined` if none can within the time, or what serves has ended. */
export async function sessionWithin({ url, running }: Served, ms: number): Promise<McpSession | undefined> {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs && !running.exited()) {
    try {
      return await within(McpSession.open(url), endMs - performance.now());
    } catch {
      // Nothing listens yet, or it does not serve requests yet.
      await delay(POLL_MS);
    }
  }
  return undefined;
}

/** Calls `greet`. A call that is not answered within 5 s is `broken`. */
export async function greet(session: McpSession): Promise<Outcome> {
  const silence: Outcome = {
    kind: 'broken',
    text: `no answer within ${CALL_DEADLINE_MS} ms`,
    ms: CALL_DEADLINE_MS,
  };
  return (await within(session.attempt('greet', { name: 'Ada' }), CALL_DEADLINE_MS)) ?? silence;
}
