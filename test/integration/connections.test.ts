import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import { GatewayEmitter } from '../../src/telemetry/events.js';
import { Connections, type ConnectionsOptions } from '../../src/transports/http/connections.js';
import { connectionLimits, descriptorLimit } from '../../src/transports/http/descriptor-limit.js';
import { HttpServer } from '../../src/transports/http/http-server.js';
import { afterThisTest } from '../support/cleanup.js';
import { until } from '../support/deadline.js';
import { collect } from '../support/events.js';
import { rawSocket, requestText } from '../support/raw-socket.js';

describe('connections of a listener at its limit', () => {
  it('closes the one that has been idle longest for a new one', async () => {
    const { url, drops } = await server({ maxConnections: 3 });
    const first = await rawSocket(url);
    const second = await rawSocket(url);
    const third = await rawSocket(url);
    // The first one has been busy since.
    first.write(requestText('GET', url));
    await first.received('200');
    const fourth = await rawSocket(url);
    await second.end();
    for (const socket of [first, third, fourth]) {
      socket.text = '';
      socket.write(requestText('GET', url));
      await socket.received('200');
    }
    expect(drops).to.deep.equal([{ listener: 'mcp', reason: 'evicted', remoteAddress: '127.0.0.1' }]);
  });

  it('closes the new one where all others are being answered', async () => {
    const { url, drops, answers } = await server({ maxConnections: 2 });
    for (let count = 0; count < 2; count += 1)
      (await rawSocket(url)).write(requestText('GET', new URL('/wait', url)));
    await until(() => answers.length === 2, 'two requests');
    const refused = await rawSocket(url);
    await refused.end();
    expect(drops.map(({ reason }) => reason)).to.deep.equal(['limit']);
    for (const answer of answers) answer();
    await until(async () => {
      const next = await rawSocket(url);
      next.write(requestText('GET', url));
      await Promise.race([next.ended, next.received('200')]);
      return next.text.includes('200');
    }, 'a place');
  });

  it('closes the oldest one instead where a probe must get through', async () => {
    const { url, drops } = await server({ maxConnections: 2, closesBusy: true });
    const first = await rawSocket(url);
    const second = await rawSocket(url);
    for (const socket of [first, second]) socket.write(requestText('GET', new URL('/wait', url)));
    const probe = await rawSocket(url);
    probe.write(requestText('GET', url));
    await probe.received('200');
    expect(drops.map(({ reason }) => reason)).to.deep.equal(['evicted']);
  });

  it('closes what one address has over its share, and counts loopback as nobody', async function () {
    const own = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
    if (own === undefined) return this.skip();
    const { url, drops } = await server({ maxConnections: 16, maxPerAddress: 2 }, '0.0.0.0');
    const there = new URL(url);
    there.hostname = own;
    const [first, , third] = [await rawSocket(there), await rawSocket(there), await rawSocket(there)];
    await third.end();
    expect(drops).to.deep.equal([{ listener: 'mcp', reason: 'address_limit', remoteAddress: own }]);
    for (let count = 0; count < 5; count += 1) await rawSocket(url);
    first.socket.destroy();
    await until(async () => {
      const next = await rawSocket(there);
      next.write(requestText('GET', url));
      await Promise.race([next.ended, next.received('200')]);
      return next.text.includes('200');
    }, 'a place for the address');
  });

  it('answers on one that comes behind hundreds that say nothing', async () => {
    const { url, connections } = await server({ maxConnections: 16 });
    for (let count = 0; count < 200; count += 1) await rawSocket(url);
    const probe = await rawSocket(url);
    probe.write(requestText('GET', url));
    await probe.received('200');
    expect(connections.count).to.be.at.most(16);
  });
});

describe('deadlines of a listener', () => {
  it('are looked at often enough to be kept', async () => {
    const { url } = await server({ maxConnections: 16 });
    const silent = await rawSocket(url);
    const halfSaid = await rawSocket(url);
    halfSaid.write('GET / HTTP/1.1\r\nHost:');
    const slow = await rawSocket(url);
    slow.write(requestText('POST', new URL('/wait', url), { 'content-length': 10 }));
    const startedMs = performance.now();
    const ends = [silent, halfSaid, slow].map(async (socket) => {
      await socket.end();
      return performance.now() - startedMs;
    });
    const [silentMs, halfSaidMs, slowMs] = await Promise.all(ends);
    // With Node's own interval it would be at least 30 s each.
    expect(silentMs).to.be.within(900, 15_000);
    expect(halfSaidMs).to.be.within(900, 15_000);
    expect(slowMs).to.be.within(1_900, 15_000);
    expect(slow.text).to.match(/^HTTP\/1\.1 408 /);
  });
});

describe('the limit of connections', () => {
  const limits: [descriptors: number | undefined, mcp: number, admin: number][] = [
    [1_048_576, 917_504, 256],
    [20_000, 17_500, 256],
    [1_024, 768, 64],
    [256, 64, 64],
    [undefined, 8_960, 256],
  ];
  for (const [descriptors, mcp, admin] of limits) {
    it(`is ${mcp} and ${admin} where ${descriptors ?? 'nobody knows how many'} descriptors may be open`, () => {
      expect(connectionLimits(descriptors)).to.deep.equal({ mcp, admin });
    });
  }

  it('is read from the system on Linux', function () {
    if (process.platform !== 'linux') return this.skip();
    expect(descriptorLimit()).to.be.above(64);
  });
});

async function server(
  options: Pick<ConnectionsOptions, 'maxConnections'> & Partial<ConnectionsOptions>,
  host = '127.0.0.1',
) {
  const events = new GatewayEmitter();
  const drops = collect(events, 'connection-dropped');
  const connections = new Connections({
    listener: 'mcp',
    events,
    maxPerAddress: 1_000,
    closesBusy: false,
    ...options,
  });
  const answers: (() => void)[] = [];
  const http = new HttpServer({
    connections,
    events,
    host,
    port: 0,
    option: { host: 'host', port: 'port' },
    headersDeadlineMs: 1_000,
    requestDeadlineMs: 2_000,
    keepAliveMs: 60_000,
    handle: (request, response) => {
      if (request.url === '/wait') answers.push(() => response.end());
      else response.end('ok');
    },
  });
  const { port } = await http.listen();
  afterThisTest(() => http.close(0));
  return { url: new URL(`http://127.0.0.1:${port}/`), connections, drops, answers };
}
