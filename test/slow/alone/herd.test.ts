import { expect } from 'chai';
import { collect } from '../../support/events.js';
import { connectedClient, startGateway } from '../../support/gateway.js';
import { fixtureModule } from '../../support/modules.js';
import type { RawClient } from '../../support/raw-client.js';

const SESSIONS = 250;
const THREADS = 40;
const OPENED_AT_ONCE = 10;
/** A session that has been served waits 45 s for a thread; a loaded machine may take longer to report it. */
const PATIENCE = { deadlineMs: 120_000 };
const REFUSED = /^No session thread became free within 45 s: .*\. Try again later\.$/;

describe('a herd of sessions that call at once', () => {
  it('is served in the order of its calls, or told after 45 s that no thread became free', async () => {
    const gateway = await startGateway({
      serverModule: fixtureModule('light'),
      sleepAfter: '1h',
      maxThreads: THREADS,
    });
    const clients: RawClient[] = [];
    while (clients.length < SESSIONS) {
      const opened = Array.from({ length: OPENED_AT_ONCE }, () => connectedClient(gateway));
      clients.push(...(await Promise.all(opened)));
    }
    expect(gateway.snapshot().sessions.asleep).to.equal(SESSIONS);

    const arrived = collect(gateway.events, 'request-started');
    const claims = collect(gateway.events, 'thread-claimed');
    const sessionOf = new Map<number, string>();
    let longestWaitMs = 0;
    gateway.events.on('session-woke', ({ context: { sessionId } }) => {
      const { thread } = gateway.sessions().find(({ context }) => context.sessionId === sessionId) ?? {};
      if (thread !== undefined) sessionOf.set(thread.thread, sessionId);
      longestWaitMs = Math.max(longestWaitMs, gateway.snapshot().threadLongestWaitMs);
    });
    const startMs = performance.now();
    const answers = await Promise.all(clients.map((client) => client.call('thread', {}, PATIENCE)));
    const seconds = (performance.now() - startMs) / 1_000;

    const refused = answers.flatMap(({ error }) => error?.message ?? []);
    for (const message of refused) expect(message).to.match(REFUSED);
    const served = claims.map(({ thread }) => sessionOf.get(thread));
    expect(served.length, 'sessions that were given a thread')
      .to.equal(SESSIONS - refused.length)
      .and.above(0);
    const inOrder = arrived.map(({ context }) => context.sessionId).filter((id) => served.includes(id));
    expect(served).to.deep.equal(inOrder);
    expect(longestWaitMs, 'the longest wait, as the metric tells it').to.be.above(0);
    expect(gateway.snapshot()).to.include({ threadWaiters: 0, threadLongestWaitMs: 0, requestsInFlight: 0 });
    console.log(
      `      ${served.length} of ${SESSIONS} served in ${seconds.toFixed(1)} s, the oldest wait was ${(longestWaitMs / 1_000).toFixed(1)} s`,
    );
  }).timeout(2 * PATIENCE.deadlineMs);
});
