import { randomInt } from 'node:crypto';
import { expect } from 'chai';
import { SeededRandom } from '../../fixtures/isolation/random.js';
import { newTally, type Tally, TokenSession } from '../../fixtures/isolation/token-session.js';
import { until } from '../../support/deadline.js';
import { collect } from '../../support/events.js';
import { type Gateway, rawClient, startGateway } from '../../support/gateway.js';
import { leftSince, takeInventory } from '../../support/left-behind.js';
import { fixtureModule } from '../../support/modules.js';

const SESSIONS = 200;
const LASTS_MS = 20_000;
/** Starting a thread takes up to 100 ms of a processor. Sessions come and go, so that two processors are enough. */
const SESSIONS_AT_ONCE = 16;
const MAX_THREADS = 48;
const CALLS_EACH = 12;
/** The share of sessions that do not end, but vanish with all of their connections. */
const VANISHING_SHARE = 0.2;
const SETTLE_MS = 30_000;
const seed = Number(process.env.BULKHEAD_TEST_SEED ?? randomInt(2 ** 31));

describe('isolation under load', () => {
  it(`holds over ${SESSIONS} sessions, a fifth of whose calls is cancelled, killed, crashed or dropped`, async () => {
    const before = await takeInventory();
    const gateway = await startGateway({
      bundle: true,
      serverModule: fixtureModule('tokens'),
      maxThreads: MAX_THREADS,
      spareThreads: 2,
      sseAfter: '20ms',
      cancelGrace: '100ms',
      resumeGrace: '100ms',
      disconnectGrace: '500ms',
      // A session that is never used ends after a fifteenth of this; here a client may take a second between its first
      // two messages.
      sessionIdle: '15s',
    });
    const ended = collect(gateway.events, 'session-ended');
    const exits = collect(gateway.events, 'thread-exited');
    const tally = newTally();
    const served = await load(gateway, tally);

    const nothingRuns = () => {
      const { sessions, threads, childProcesses, requestsInFlight } = gateway.snapshot();
      const sessionsLeft = Object.values(sessions).reduce((sum, count) => sum + count, 0);
      return sessionsLeft + threads.claimed + threads.ending + childProcesses + requestsInFlight === 0;
    };
    await until(nothingRuns, () => `all sessions to end: ${JSON.stringify(gateway.snapshot())}`, SETTLE_MS);
    await gateway.kill();
    let left: string[] = [];
    const nothingLeft = () => {
      left = leftSince(before);
      return left.length === 0;
    };
    await until(nothingLeft, () => `nothing to be left: ${left.join('; ')}`, SETTLE_MS);

    const told = `seed ${seed}: ${JSON.stringify({ ...tally, served, errors: [...tally.errors] })}`;
    expect(tally.wrong, told).to.deep.equal([]);
    expect(served, told).to.be.at.least(SESSIONS);
    expect(ended.length, told).to.equal(served);
    expect(tally.right, told).to.be.above(tally.calls / 2);
    // Check that each kind of disaster has really happened.
    for (const [fate, times] of Object.entries(tally.fates)) expect(times, `${fate}; ${told}`).to.be.above(0);
    for (const cause of ['killed', 'exit', 'crash', 'ended']) {
      expect(exits.filter((exit) => exit.cause === cause).length, `${cause}; ${told}`).to.be.above(0);
    }
    const expected = ['cancelled', 'thread_killed', 'thread_exit', 'thread_crash', 'no_thread'];
    // For calls of a session that has ended, because its threads died too often or it was not used at once.
    expect([...expected, 'session_unknown'], told).to.include.members([...tally.errors.keys()]);
    expect(tally.errors.get('session_unknown') ?? 0, told).to.be.below(tally.calls / 20);
  }).timeout(6 * LASTS_MS);
});

/** Sessions come and go until the time is over and there were enough. @returns how many there were */
async function load(gateway: Gateway, tally: Tally): Promise<number> {
  const random = new SeededRandom(seed);
  const endsAtMs = performance.now() + LASTS_MS;
  let served = 0;
  const visitors = Array.from({ length: SESSIONS_AT_ONCE }, async () => {
    while (served < SESSIONS || performance.now() < endsAtMs) {
      served += 1;
      await visit(gateway, new SeededRandom(random.below(2 ** 31)), tally);
    }
  });
  await Promise.all(visitors);
  return served;
}

async function visit(gateway: Gateway, random: SeededRandom, tally: Tally): Promise<void> {
  const client = rawClient(gateway);
  await client.initialize();
  await new TokenSession(client, random, tally).run(CALLS_EACH);
  if (!random.chance(VANISHING_SHARE)) await (await client.delete()).text();
  client.destroy();
}
