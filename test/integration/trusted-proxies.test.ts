/** The client's address behind a proxy that `trust-proxy` names, everywhere it is said. */
import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { once } from '../support/events.js';
import { type Gateway, rawClient, sharedGateway, startGateway } from '../support/gateway.js';
import { initializeRequest } from '../support/raw-client.js';

const FORWARDED = { 'x-forwarded-for': '198.51.100.1, 203.0.113.5', 'x-forwarded-proto': 'https' };
const WRONG_HOST = { ...FORWARDED, host: 'evil.example' };

describe('A client behind a trusted proxy', () => {
  const gateway = sharedGateway({ trustProxy: ['127.0.0.1'] });

  it('has its own address in the context of its session', async () => {
    expect(await addressOfSession(gateway())).to.equal('203.0.113.5');
  });

  it('has it in what is said of its rejection, by both listeners', async () => {
    for (const url of [gateway().url, new URL('/healthz', gateway().adminUrl)]) {
      const rejected = once(gateway().events, 'rejected');
      await rawClient(gateway()).send('GET', undefined, WRONG_HOST, url);
      expect(await rejected).to.include({ reason: 'host', remoteAddress: '203.0.113.5' });
    }
    const rejected = once(gateway().events, 'rejected');
    await rawClient(gateway()).post(initializeRequest(1), { ...FORWARDED, expect: 'a miracle' });
    expect(await rejected).to.include({ reason: 'expectation_failed', remoteAddress: '203.0.113.5' });
  });

  it('has it where a program hands its request over', async () => {
    const embedded = await startGateway({ trustProxy: ['127.0.0.1'] });
    const server: Server = createServer((request, response) => embedded.handler(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterThisTest(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as { readonly port: number };
    const rejected = once(embedded.events, 'rejected');
    const url = new URL(`http://127.0.0.1:${port}/mcp`);
    await rawClient(embedded).send('GET', undefined, WRONG_HOST, url);
    expect(await rejected).to.include({ reason: 'host', remoteAddress: '203.0.113.5' });
  });

  it('is warned about if it reaches the proxy without encryption', async () => {
    const notice = once(gateway().events, 'notice', ({ message }) => message.includes('X-Forwarded-Proto'));
    const response = await rawClient(gateway()).get({ 'x-forwarded-proto': 'http' });
    await response.text();
    expect((await notice).level).to.equal('warn');
  });

  it('has the address of its connection where nobody trusts the proxy', async () => {
    expect(await addressOfSession(await startGateway())).to.equal('127.0.0.1');
    expect(await addressOfSession(await startGateway({ trustProxy: ['10.0.0.0/8'] }))).to.equal('127.0.0.1');
  });
});

async function addressOfSession(gateway: Gateway): Promise<string | undefined> {
  const client = rawClient(gateway, { headers: FORWARDED });
  await client.initialize();
  const [session] = gateway.sessions();
  await client.delete();
  return session?.context.remoteAddress;
}
