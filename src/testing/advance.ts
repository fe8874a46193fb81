/** Moves the clock of a host, and waits for what follows. */
import { once } from 'node:events';
import type { OpenGateway } from '../gateway.js';
import { moveClock } from '../shared/clock.js';

/** Turns of the event loop, for promises that wait for promises. */
const TURNS = 5;

/** @throws {RangeError} if the clock would have to go back */
export async function advance(ms: number, open: OpenGateway): Promise<void> {
  if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`advance(${ms}): a clock can't be moved by that.`);
  await moveClock(ms, () => settled(open));
}

/** Resolves when no session is about to end or to fall asleep. */
async function settled({ gateway, sessions }: OpenGateway): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  for (;;) {
    const ending = [...sessions.each()].filter(({ ended }) => ended);
    // Ending twice is the same as waiting for the end.
    if (ending.length > 0) await Promise.all(ending.map((session) => session.end('idle')));
    else if (sessions.states().falling_asleep > 0) await fallenAsleep(gateway.events);
    else return;
  }
}

/** A session that falls asleep loses its thread, or stays awake. */
async function fallenAsleep(events: OpenGateway['gateway']['events']): Promise<void> {
  const first = new AbortController();
  const { signal } = first;
  try {
    await Promise.race([
      once(events, 'thread-exited', { signal }),
      once(events, 'session-stayed-awake', { signal }),
    ]);
  } finally {
    first.abort();
  }
}
