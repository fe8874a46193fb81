import { expect } from 'chai';
import { once } from '../support/events.js';
import { expectError, expectRejection } from '../support/expectations.js';
import { connectedClient, rawClient, sharedGateway, startGateway } from '../support/gateway.js';
import { initializeRequest, textOf, toolCall } from '../support/raw-client.js';

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };

describe('Streamable HTTP: guards', () => {
  const gateway = sharedGateway();

  it('answers 403 to a foreign Host header', async () => {
    await expectRejection(
      await rawClient(gateway()).post(initializeRequest(1), { host: 'evil.example.com' }),
      403,
    );
  });

  it('answers 403 to a foreign Origin header', async () => {
    const headers = { origin: 'http://evil.example.com' };
    await expectRejection(await rawClient(gateway()).post(initializeRequest(1), headers), 403);
  });

  it('takes a loopback Origin and localhost as Host', async () => {
    const headers = {
      origin: `http://localhost:${gateway().url.port}`,
      host: `localhost:${gateway().url.port}`,
    };
    const response = await rawClient(gateway()).post(initializeRequest(1), headers);
    expect(response.status).to.equal(200);
    await response.answer(1);
  });

  it('takes a Host and an Origin that it was told to allow', async () => {
    const allowed = { allowedHosts: ['mcp.example.com'], allowedOrigins: ['https://app.example.com'] };
    const gateway = await startGateway(allowed);
    const headers = { origin: 'https://app.example.com', host: 'mcp.example.com' };
    const response = await rawClient(gateway).post(initializeRequest(1), headers);
    expect(response.status).to.equal(200);
    await response.answer(1);
  });
});

describe('Streamable HTTP: the bearer token', () => {
  const gateway = sharedGateway({ token: 'correct-horse-battery' });

  it('answers 401 without the bearer token and with a wrong one, and asks for a Bearer', async () => {
    for (const authorization of [
      undefined,
      'Bearer wrong',
      'Bearer correct-horse-batterx',
      'Basic Y29ycmVjdA==',
    ]) {
      const response = await rawClient(gateway()).post(initializeRequest(1), { authorization });
      expect(response.status, authorization).to.equal(401);
      expect(response.headers['www-authenticate']).to.match(/^Bearer/);
      await response.text();
    }
  });

  it('takes the right token, on every request, whatever the case of the scheme', async () => {
    const client = await connectedClient(gateway(), {
      headers: { authorization: 'bearer correct-horse-battery' },
    });
    expect(textOf(await client.call('echo', { text: 'in' }))).to.equal('in');
    expect(gateway().sessions()[0]?.context.principal).to.equal('token token');
    const response = await client.post(PING, { authorization: undefined });
    expect(response.status).to.equal(401);
    await response.text();
  });
});

describe('Streamable HTTP: the longest body', () => {
  const gateway = sharedGateway({ maxBodyBytes: 1024 });

  it('answers 413 to a body over the limit that tells its length', async () => {
    const client = await connectedClient(gateway());
    await expectRejection(await client.post(toolCall(9, 'echo', { text: 'x'.repeat(2048) })), 413);
  });

  it('answers 413 to a body over the limit that does not tell its length', async () => {
    const client = await connectedClient(gateway());
    const body = JSON.stringify(toolCall(9, 'echo', { text: 'x'.repeat(2048) }));
    const headers = { 'content-length': undefined, 'transfer-encoding': 'chunked' };
    await expectRejection(await client.post(body, headers), 413);
  });

  it('takes a body just under the limit', async () => {
    const client = await connectedClient(gateway());
    expect(textOf(await client.call('echo', { text: 'x'.repeat(800) }))).to.have.length(800);
  });
});

describe('Streamable HTTP: the longest initialize', () => {
  const gateway = sharedGateway();

  it('is 256 Ki characters, since its session keeps it: 413 past that, and the sentence says why', async () => {
    const { id, params, ...rest } = initializeRequest(7);
    const clientInfo = { name: 'pictures', version: '1', icons: [{ src: `data:${'x'.repeat(256 * 1024)}` }] };
    const response = await rawClient(gateway()).post({ id, ...rest, params: { ...params, clientInfo } });
    const text = await response.text();
    expect(response.status, text).to.equal(413);
    expect(JSON.parse(text)).to.deep.include({ id: 7 });
    expect(text).to.include('since it is kept as long as its session');
    expect(gateway().sessions()).to.deep.equal([]);
  });
});

describe('Streamable HTTP: limits', () => {
  it('answers 503 with Retry-After and a JSON-RPC error to a session over the limit, and goes on later', async () => {
    const gateway = await startGateway({ maxSessions: 1 });
    const first = await connectedClient(gateway);
    const second = rawClient(gateway);
    const refused = await second.post(initializeRequest(1));
    await expectRejection(refused, 503);
    expect(Number(refused.headers['retry-after'])).to.be.within(1, 120);
    const ended = once(gateway.events, 'session-ended');
    await (await first.delete()).text();
    await ended;
    await second.initialize();
    expect(textOf(await second.call('echo', { text: 'in' }))).to.equal('in');
  });

  it('lets no burst of initializations pass the session limit', async () => {
    const gateway = await startGateway({ maxSessions: 3, maxThreads: 8 });
    const clients = Array.from({ length: 12 }, () => rawClient(gateway));
    const responses = await Promise.all(clients.map((client) => client.post(initializeRequest(1))));
    await Promise.all(responses.map((response) => response.text()));
    const statuses = responses.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).to.have.length(3);
    expect(statuses.filter((status) => status === 503)).to.have.length(9);
    expect(gateway.sessions()).to.have.length(3);
  });

  it('answers a request over the limit of its session with a JSON-RPC error over 200', async () => {
    const gateway = await startGateway({ maxRequestsPerSession: 2 });
    const client = await connectedClient(gateway);
    const running = [client.startCall('slow', { ms: 500 }), client.startCall('slow', { ms: 500 })];
    const opened = await Promise.all(running.map(({ exchange }) => exchange.response));
    const response = await client.post(toolCall('third', 'echo', { text: 'too many' }));
    expect(response.status).to.equal(200);
    const answer = await response.answer('third');
    expectError(answer);
    expect(answer.id).to.equal('third');
    for (const [index, { id }] of running.entries())
      expect(textOf(await opened[index]!.answer(id))).to.equal('waited 500');
    expect(textOf(await client.call('echo', { text: 'again' }))).to.equal('again');
  });
});
