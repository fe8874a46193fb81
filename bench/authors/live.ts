/** From the save of a file to the first answer of the new text, as a client sees it that has a session open. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { McpSession } from '../client/mcp-session.js';
import { greet, type Served, sessionWithin } from './served.js';
import { GREETING } from './ways.js';

const START_DEADLINE_MS = 30_000;
const LIVE_DEADLINE_MS = 20_000;
/** Watchers may be set up after a server listens. */
const SETTLE_MS = 1_500;

export interface Live {
  /** Until a client was answered by what was saved. */
  readonly ms: number;
  /** Calls that failed meanwhile. */
  readonly failures: number;
  /** Whether the session that was open before the save was the one that was answered. */
  readonly sessionKept: boolean;
}

/** Saves as most editors do: a new file takes the old one's place. */
function save(folder: string, file: string, text: string): void {
  writeFileSync(join(folder, `.${file}.new`), text);
  renameSync(join(folder, `.${file}.new`), join(folder, file));
}

export async function saveToLive(served: Served, folder: string, round: number): Promise<Live> {
  let session: McpSession | undefined = await sessionWithin(served, START_DEADLINE_MS);
  if (session === undefined) throw new Error(`It does not serve: ${served.running.output()}`);
  await greet(session);
  await delay(SETTLE_MS);
  const word = `Hello ${round},`;
  const text = readFileSync(join(folder, GREETING), 'utf8').replace(/Hello[^,]*,/, word);
  let failures = 0;
  let sessionKept = true;
  const startMs = performance.now();
  save(folder, GREETING, text);
  while (performance.now() - startMs < LIVE_DEADLINE_MS) {
    const outcome = await greet(session);
    if (outcome.kind === 'answered' && outcome.text.startsWith(word)) {
      await session.close();
      return { ms: performance.now() - startMs, failures, sessionKept };
    }
    if (outcome.kind === 'answered') continue;
    failures += 1;
    // Most clients do not open another session: they have to be restarted.
    sessionKept = false;
    await session.close();
    const next = await sessionWithin(served, LIVE_DEADLINE_MS);
    if (next === undefined) break;
    session = next;
  }
  throw new Error(`What was saved was not live within ${LIVE_DEADLINE_MS} ms: ${served.running.output()}`);
}
