import { expect } from 'chai';
import { once } from '../support/events.js';
import { connectedClient, rawClient, sseUrl, startGateway } from '../support/gateway.js';
import { initializeRequest, type RawClient } from '../support/raw-client.js';

describe('At max-sessions', () => {
  it('a session that is idle and has no connection makes room, the one idle for longest first', async () => {
    const gateway = await startGateway({ maxSessions: 3 });
    const ended: string[] = [];
    gateway.events.on('session-ended', ({ context, reason }) => ended.push(`${reason} ${context.sessionId}`));
    const clients: RawClient[] = [];
    for (let number = 0; number < 5; number += 1) {
      const client = await connectedClient(gateway);
      await client.ask('tools/list');
      clients.push(client);
    }
    expect(ended).to.deep.equal(clients.slice(0, 2).map(({ sessionId }) => `evicted ${sessionId}`));
    const gone = await clients[0]!.post({ jsonrpc: '2.0', id: 9, method: 'tools/list' });
    expect(gone.status).to.equal(404);
  });

  it('one that is listened to stays, as does one that works: the newcomer is refused with a sentence', async () => {
    const gateway = await startGateway({ maxSessions: 2 });
    const [listening, working] = [await connectedClient(gateway), await connectedClient(gateway)];
    const stream = await listening.get();
    expect(stream.status).to.equal(200);
    const started = once(gateway.events, 'request-started');
    const { exchange } = working.startCall('slow', { ms: 60_000 });
    await started;
    const refused = await rawClient(gateway).post(initializeRequest(1));
    expect(refused.status).to.equal(503);
    expect((await refused.json()).error?.message).to.include('max-sessions is 2');
    exchange.destroy();
    stream.incoming.destroy();
  });

  it('the legacy transport finds room too', async () => {
    const gateway = await startGateway({ maxSessions: 1 });
    const client = await connectedClient(gateway);
    await client.ask('tools/list');
    const legacy = await rawClient(gateway).send('GET', undefined, {}, sseUrl(gateway));
    expect(legacy.status).to.equal(200);
    legacy.incoming.destroy();
  });

  it('is no reason to be unready while a session can make room', async () => {
    const gateway = await startGateway({ maxSessions: 1 });
    const client = await connectedClient(gateway);
    await client.ask('tools/list');
    expect((await fetch(new URL('/readyz', gateway.adminUrl))).status).to.equal(200);
  });
});
