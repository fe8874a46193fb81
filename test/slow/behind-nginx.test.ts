/** A gateway behind Debian's nginx, which has TLS: `deploy/nginx.conf` as it is documented. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { createGateway } from '../../src/index.js';
import { Certificates } from '../support/certificates.js';
import { afterThisTest } from '../support/cleanup.js';
import { until, withDeadline } from '../support/deadline.js';
import { once } from '../support/events.js';
import { type Gateway, withDefaults } from '../support/gateway.js';
import { type Nginx, startNginx } from '../support/nginx.js';
import { RawClient, textOf } from '../support/raw-client.js';

const HOST = 'mcp.example';
const MIB = 1024 * 1024;

describe('A gateway behind nginx', () => {
  const certificates = new Certificates();
  let gateway: Gateway;
  let nginx: Nginx;
  let ca: Buffer;

  before('start both', async function () {
    if (process.platform !== 'linux') return this.skip();
    const authority = certificates.authority('Test Authority');
    ca = readFileSync(authority.cert);
    gateway = await createGateway(
      withDefaults({
        publicUrl: `https://${HOST}`,
        trustProxy: ['127.0.0.1'],
        authIssuer: ['https://idp.example'],
        token: 'secret',
        keepAlive: '100ms',
        sseAfter: '20ms',
      }),
    );
    nginx = await startNginx(gateway.url, certificates.server(authority, HOST, { names: `DNS:${HOST}` }));
  });

  after(async () => {
    await nginx?.close();
    if (gateway !== undefined) await withDeadline(gateway.kill(), 'gateway.kill()', 30_000);
    certificates.remove();
  });

  function clientOf(headers: Record<string, string> = {}): RawClient {
    const client = new RawClient(`https://127.0.0.1:${nginx.port}/mcp`, {
      headers: { host: HOST, authorization: 'Bearer secret', ...headers },
      tls: { ca, servername: HOST },
    });
    afterThisTest(() => client.destroy());
    return client;
  }

  it('passes on streams as they are written', async () => {
    const client = clientOf();
    await client.initialize();
    const { id, stream } = await client.openCall('slow', { ms: 1_500 });
    await until(() => stream.comments.length >= 3, 'comments while the call runs');
    expect(stream.messages.some((message) => message.id === id)).to.equal(false);
    expect(textOf(await stream.message((message) => message.id === id))).to.include('waited 1500');
    const listening = await client.get();
    await until(() => listening.stream.comments.length >= 3, 'comments on the GET stream');
    await client.delete();
  });

  it('tells the gateway of a client that leaves', async () => {
    const client = clientOf();
    await client.initialize();
    const { exchange } = await client.openCall('slow', { ms: 60_000 });
    const closed = once(gateway.events, 'stream-closed', ({ kind }) => kind === 'post');
    exchange.destroy();
    await closed;
    await client.delete();
  });

  it("says the client's address, and not what the client writes itself", async () => {
    // Another address of this machine, that is no trusted proxy.
    const client = new RawClient(`https://127.0.0.1:${nginx.port}/mcp`, {
      headers: { host: HOST, authorization: 'Bearer secret', 'x-forwarded-for': '198.51.100.1' },
      tls: { ca, servername: HOST, localAddress: '127.0.0.2' },
    });
    afterThisTest(() => client.destroy());
    await client.initialize();
    const [session] = gateway.sessions();
    expect(session?.context.remoteAddress).to.equal('127.0.0.2');
    await client.delete();
    const rejected = once(gateway.events, 'rejected');
    expect((await client.post({}, { authorization: 'Bearer wrong' })).status).to.equal(401);
    expect((await rejected).remoteAddress).to.equal('127.0.0.2');
  });

  it('describes itself by the URL that clients use', async () => {
    const client = clientOf();
    const path = '/.well-known/oauth-protected-resource/mcp';
    const response = await client.send('GET', undefined, {}, new URL(path, client.url));
    expect(JSON.parse(await response.text())).to.include({ resource: `https://${HOST}/mcp` });
    const refused = await client.post({}, { authorization: undefined });
    expect(refused.headers['www-authenticate']).to.include(`resource_metadata="https://${HOST}${path}"`);
  });

  it('refuses a body that is too large itself, with a sentence', async () => {
    const client = clientOf();
    const response = await client.send('POST', Buffer.alloc(5 * MIB, ' '));
    expect(response.status).to.equal(413);
    expect((await response.json()).error?.message).to.match(/4194304|4 MiB/);
  });
});
