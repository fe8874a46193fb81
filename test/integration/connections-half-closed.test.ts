import { expect } from 'chai';
import { once } from '../support/events.js';
import { connectedClient, sharedGateway } from '../support/gateway.js';
import { toolCall } from '../support/raw-client.js';
import { rawSocket, requestText } from '../support/raw-socket.js';

describe('A client that closes its half of the connection behind its request', () => {
  const gateways = {
    'a JSON body': sharedGateway({ sseAfter: '1m', resumeGrace: '200ms' }),
    'an event stream': sharedGateway({ sseAfter: '20ms', resumeGrace: '200ms' }),
  };

  for (const [form, gateway] of Object.entries(gateways)) {
    it(`gets its answer as ${form}, and then the connection's end`, async () => {
      const client = await connectedClient(gateway());
      const socket = await rawSocket(gateway().url);
      const headers = { 'mcp-session-id': client.sessionId, 'mcp-protocol-version': '2025-11-25' };
      const body = JSON.stringify(toolCall(1, 'slow', { ms: 300 }));
      socket.socket.end(requestText('POST', gateway().url, headers, body));
      await socket.end();
      expect(socket.text).to.include('waited 300');
      expect(socket.text.match(/HTTP\/1\.1 200 /g)).to.have.lengthOf(1);
      expect(socket.error).to.equal(undefined);
    });
  }

  it('gets it from the admin listener', async () => {
    const url = new URL('/healthz', gateways['a JSON body']().adminUrl);
    const socket = await rawSocket(url);
    socket.socket.end(requestText('GET', url));
    await socket.end();
    expect(socket.text).to.match(/^HTTP\/1\.1 200 .*alive/s);
  });

  for (const [form, gateway] of Object.entries(gateways)) {
    it(`is seen to be gone where it closed all of it, as ${form}`, async () => {
      const client = await connectedClient(gateway());
      const { exchange } = client.startCall('slow', { ms: 60_000 });
      const started = once(gateway().events, 'request-started', ({ tool }) => tool === 'slow');
      const cancelled = once(gateway().events, 'request-cancelled', ({ tool }) => tool === 'slow');
      await started;
      if (form === 'an event stream') await exchange.response;
      exchange.destroy();
      expect((await cancelled).reason).to.be.oneOf(['disconnect', 'resume_expired']);
    });
  }

  it('is seen to be gone from its GET stream', async () => {
    const gateway = gateways['an event stream']();
    const client = await connectedClient(gateway);
    const closed = once(gateway.events, 'stream-closed', ({ kind }) => kind === 'get');
    const response = await client.get();
    response.incoming.destroy();
    await closed;
  });
});
