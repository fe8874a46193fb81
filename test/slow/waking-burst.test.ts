import { expect } from 'chai';
import { withDeadline } from '../support/deadline.js';
import { collect } from '../support/events.js';
import { connectedClient } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { textOf } from '../support/raw-client.js';
import { startSleepyGateway } from '../support/sleep.js';

const BURST = 200;
/** Only so many wait at once that each is served within ten seconds, even on a machine that runs other tests. */
const AT_ONCE = 40;
const BURST_DEADLINE_MS = 60_000;
/** Longer than a session waits for a thread, plus what a loaded machine adds. */
const PATIENCE = { deadlineMs: 90_000 };

describe('room for sessions that wake at once', () => {
  it('is made for a burst of many over few threads, in the order of their arrival', async () => {
    const gateway = await startSleepyGateway({
      serverModule: fixtureModule('light'),
      sleepAfter: '1h',
      maxThreads: 16,
      threadNice: 0,
    });
    const clients = await Promise.all(Array.from({ length: BURST }, () => connectedClient(gateway)));
    expect(gateway.snapshot().sessions.asleep).to.equal(BURST);
    const arrived = collect(gateway.events, 'request-started');
    const woke = collect(gateway.events, 'session-woke');
    const threads = new Set<string>();
    const waiting = clients.values();
    const callers = Array.from({ length: AT_ONCE }, async () => {
      for (const client of waiting) threads.add(textOf(await client.call('thread', {}, PATIENCE)));
    });
    await withDeadline(Promise.all(callers), 'all of the burst to be served', BURST_DEADLINE_MS);
    expect(threads.size, 'each session has a thread of its own').to.equal(BURST);
    const order = new Map(arrived.map(({ context }, place) => [context.sessionId, place]));
    const overtakes = woke.map(({ context }, place) => Math.abs(place - order.get(context.sessionId)!));
    // Sixteen are set up at the same time.
    expect(Math.max(...overtakes)).to.be.below(32);
    expect(gateway.snapshot()).to.include({ threadWaiters: 0, requestsInFlight: 0 });
  }).timeout(2 * BURST_DEADLINE_MS);
});
