import { expect } from 'chai';
import type { GatewayEvents } from '../../src/telemetry/events.js';
import { once } from '../support/events.js';
import { connectedClient, type Gateway, rawClient, startGateway } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { fixtureModule } from '../support/modules.js';
import { initializeRequest } from '../support/raw-client.js';
import { asleep } from '../support/sleep.js';

/** Everything that a session does emits one of these events meanwhile. */
const MOMENTS: readonly (keyof GatewayEvents)[] = [
  'session-started',
  'session-woke',
  'session-sleeps',
  'session-ended',
  'request-started',
  'request-finished',
  'request-cancelled',
  'stream-closed',
  'thread-claimed',
  'thread-exited',
];

describe('what is counted over all sessions', () => {
  it('is what a visit of all of them would find, at every moment', async () => {
    const gateway = await startGateway({
      serverModule: fixtureModule('sleepy'),
      sleepAfter: '100ms',
      sseAfter: '20ms',
      cancelGrace: '100ms',
      resumeGrace: '100ms',
      maxThreads: 2,
    });
    const wrong: unknown[] = [];
    const seen = new Set<string>();
    for (const moment of MOMENTS) {
      gateway.events.on(moment, () => {
        const { sessions, streams } = gateway.snapshot();
        const visited = visit(gateway);
        for (const [state, count] of Object.entries(sessions)) if (count > 0) seen.add(state);
        for (const [kind, count] of Object.entries(streams)) if (count > 0) seen.add(kind);
        if (JSON.stringify({ sessions, streams }) !== JSON.stringify(visited))
          wrong.push({ moment, counted: { sessions, streams }, visited });
      });
    }

    const sleeper = await connectedClient(gateway);
    const { stream } = await sleeper.get();
    await sleeper.call('echo', { text: 'awake' });
    await asleep(gateway, sleeper);
    await sleeper.get();
    await stream.ended;
    await sleeper.call('crash');
    const slow = await sleeper.openCall('slow', { ms: 60_000 });
    await sleeper.notify('notifications/cancelled', { requestId: slow.id });
    const dropped = await sleeper.openCall('slow', { ms: 60_000 });
    const cancelled = once(gateway.events, 'request-cancelled');
    dropped.exchange.destroy();
    await cancelled;
    await LegacyClient.connect(gateway);
    // One more than there are threads: it waits for one, and leaves without it.
    const busy = await Promise.all([connectedClient(gateway), connectedClient(gateway)]);
    const held = busy.map((client) => client.openCall('slow', { ms: 60_000 }));
    await Promise.all(held);
    const waiting = rawClient(gateway).exchange('POST', JSON.stringify(initializeRequest(1)));
    await once(gateway.events, 'session-started');
    waiting.destroy();
    await Promise.all(busy.map((client) => client.delete()));
    await sleeper.delete();

    await gateway.close();
    expect(wrong.slice(0, 3)).to.deep.equal([]);
    expect([...seen]).to.include.members(['asleep', 'waking', 'awake', 'falling_asleep', 'ending']);
    expect([...seen]).to.include.members(['post', 'get', 'legacy']);
    const nothing = { asleep: 0, waking: 0, awake: 0, falling_asleep: 0, ending: 0 };
    expect(gateway.snapshot()).to.deep.include({
      sessions: nothing,
      streams: { post: 0, get: 0, legacy: 0, listen: 0 },
      requestsInFlight: 0,
      bufferedBytes: 0,
    });
  });
});

function visit(gateway: Gateway): object {
  const sessions = { asleep: 0, waking: 0, awake: 0, falling_asleep: 0, ending: 0 };
  const streams = { post: 0, get: 0, legacy: 0, listen: 0 };
  for (const session of gateway.sessions()) {
    sessions[session.state] += 1;
    for (const kind of ['post', 'get', 'legacy'] as const) streams[kind] += session.streams[kind];
  }
  return { sessions, streams };
}
