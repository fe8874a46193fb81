import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { once } from '../support/events.js';
import { expectRejection } from '../support/expectations.js';
import { connectedClient, rawClient, sharedGateway, sseUrl, startGateway } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { initializeRequest, LATEST_PROTOCOL_VERSION, RawResponse, textOf } from '../support/raw-client.js';

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };
const DEEP = '['.repeat(9_000) + ']'.repeat(9_000);

/** Sends these bytes on a separate connection and returns everything that comes back until it closes. */
async function raw(url: URL, text: string): Promise<string> {
  const socket = connect(Number(url.port), url.hostname);
  afterThisTest(() => void socket.destroy());
  socket.write(text);
  let answer = '';
  for await (const part of socket.setEncoding('utf8')) answer += String(part);
  return answer;
}

describe('What a request may look like', () => {
  const gateway = sharedGateway();

  it('is served at a path with a slash at its end', async () => {
    const client = rawClient(gateway());
    const url = new URL('/mcp/', gateway().url);
    const response = await client.send('POST', JSON.stringify(initializeRequest(1)), {}, url);
    expect(response.status).to.equal(200);
    expect((await response.answer(1)).result).to.include({ protocolVersion: LATEST_PROTOCOL_VERSION });
  });

  it('is served in absolute form, on both listeners', async () => {
    const { host } = gateway().url;
    const get = (target: string, sent: string) =>
      `GET ${target} HTTP/1.1\r\nHost: ${sent}\r\nConnection: close\r\n\r\n`;
    // A GET without Accept: text/event-stream has found the endpoint if it is refused for that reason.
    expect(await raw(gateway().url, get(`http://${host}/mcp`, host))).to.match(/^HTTP\/1\.1 406 /);
    const admin = gateway().adminUrl;
    expect(await raw(admin, get(`http://${admin.host}/healthz/`, admin.host))).to.match(/^HTTP\/1\.1 200 /);
    // The target's host is what counts.
    expect(await raw(gateway().url, get('http://evil.example/mcp', host))).to.match(/^HTTP\/1\.1 403 /);
  });

  it('has one Host line, on both listeners', async () => {
    for (const url of [gateway().url, gateway().adminUrl]) {
      const two = `Host: ${url.host}\r\nhost: ${url.host}\r\nConnection: close\r\n`;
      expect(await raw(url, `GET /healthz HTTP/1.1\r\n${two}\r\n`)).to.match(/^HTTP\/1\.1 400 /);
    }
  });

  it('holds JSON in UTF-8: other bytes are 400, other charsets 415', async () => {
    const client = await connectedClient(gateway());
    const [before, after] = ['{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"caf', '"}}'];
    for (const bytes of [[0xe9], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xff]]) {
      const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
      await expectRejection(await client.send('POST', body), 400, -32700);
    }
    const latin = { 'content-type': 'application/json; charset=iso-8859-1' };
    await expectRejection(await client.post(PING, latin), 415);
    // The last character is also what invalid UTF-8 is decoded to; here it is intended.
    const text = 'café 😀 \ufffd';
    expect(textOf(await client.call('echo', { text }))).to.equal(text);
  });

  it('is not compressed: 415 says so', async () => {
    const client = await connectedClient(gateway());
    const body = gzipSync(JSON.stringify(PING));
    const response = await client.send('POST', body, { 'content-encoding': 'gzip' });
    expect(response.headers['accept-encoding']).to.equal('identity');
    await expectRejection(response, 415);
  });

  it('nests within bounds, over both transports', async () => {
    const bystander = await connectedClient(gateway());
    const message = `{"jsonrpc":"2.0","id":4,"method":"ping","params":{"a":${DEEP}}}`;
    const opening = JSON.stringify(initializeRequest(1)).replace(
      '"capabilities":{}',
      `"capabilities":{"experimental":${DEEP}}`,
    );
    const fresh = rawClient(gateway());
    for (const body of [message, `[${message}]`, opening, DEEP, `{"jsonrpc":"2.0","id":${DEEP}}`]) {
      await expectRejection(await fresh.post(body), 400, -32600);
      await expectRejection(await bystander.post(body), 400, -32600);
    }
    const legacy = await LegacyClient.connect(gateway());
    for (const body of [message, opening]) await expectRejection(await legacy.post(body), 400, -32600);
    expect(textOf(await bystander.call('echo', { text: 'well' }))).to.equal('well');
  });

  it('is refused by its headers alone where they name no session', async () => {
    const client = rawClient(gateway());
    client.sessionId = 'gone';
    const url = client.url;
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'content-length': '1000',
      'mcp-session-id': 'gone',
    };
    // Not one byte of the body is sent.
    const outgoing = httpRequest(url, { method: 'POST', headers });
    afterThisTest(() => void outgoing.destroy());
    outgoing.on('error', () => undefined);
    const answered = new Promise<RawResponse>((resolve) => {
      outgoing.once('response', (incoming) => resolve(new RawResponse(incoming)));
    });
    outgoing.flushHeaders();
    await expectRejection(await answered, 404, -32001);
  });
});

describe('server/discover without _meta, to a server that has only sessions', () => {
  const gateway = sharedGateway();

  const id = 'server-discover-probe-1';
  const question = { jsonrpc: '2.0', id, method: 'server/discover', params: {} };

  it('is answered with an error that makes its client initialize, and is no rejection of its version', async () => {
    const rejected = once(gateway().events, 'rejected');
    const answer = await expectRejection(await rawClient(gateway()).post(question), 400, -32601);
    expect(answer.id).to.equal(id);
    expect((await rejected).reason).to.equal('discover');
  });

  it('is told the versions that are served where its header names 2026-07-28', async () => {
    const response = await rawClient(gateway()).post(question, { 'mcp-protocol-version': '2026-07-28' });
    const answer = await expectRejection(response, 400, -32022);
    expect(answer.id).to.equal(id);
    const { supported } = (answer.error?.data ?? {}) as { supported?: string[] };
    expect(supported).to.include('2025-11-25').and.not.include('2026-07-28');
  });
});

describe('Legacy HTTP+SSE behind a proxy with a path of its own', () => {
  const gateway = sharedGateway();

  for (const path of ['/tools/sse', '/tools/sse/']) {
    it(`gives an endpoint that is inside of it: ${path}`, async () => {
      const { host, hostname, port } = gateway().url;
      const proxy = createServer((request, response) => {
        const inside = (request.url ?? '').replace('/tools/', '/');
        const headers = { ...request.headers, host };
        const { method = 'GET' } = request;
        const onward = httpRequest({ hostname, port, method, path: inside, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        });
        onward.on('error', () => response.destroy());
        response.on('close', () => onward.destroy());
        request.pipe(onward);
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      afterThisTest(() => {
        proxy.closeAllConnections();
        proxy.close();
      });
      const base = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const client = rawClient(gateway());
      const response = await client.send('GET', undefined, {}, new URL(path, base));
      const { data } = await response.stream.next(({ event }) => event === 'endpoint', 'the endpoint');
      const endpoint = new URL(data ?? '', `${base}${path}`);
      expect(endpoint.pathname).to.equal('/tools/messages');
      const posted = await client.send('POST', JSON.stringify(initializeRequest(1)), {}, endpoint);
      expect(posted.status).to.equal(202);
      response.stream.destroy();
    });
  }
});

describe('A page of another site', () => {
  it('opens no session with an image', async () => {
    const gateway = await startGateway();
    const image = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    const response = await rawClient(gateway).send(
      'GET',
      undefined,
      { ...image, accept: '*/*' },
      sseUrl(gateway),
    );
    await expectRejection(response, 403);
    expect(gateway.sessions()).to.deep.equal([]);
  });
});

describe('A page of an origin that is allowed', () => {
  const origin = 'https://app.example';
  const gateway = sharedGateway({ allowedOrigins: [origin], token: 's3cret' });
  const exposed = 'Mcp-Session-Id, Mcp-Protocol-Version, WWW-Authenticate, Retry-After';

  it('may send what its preflight names, without the token, on every path', async () => {
    for (const path of ['/mcp', '/mcp/', '/sse', '/messages?sessionId=x', '/elsewhere']) {
      const response = await rawClient(gateway()).send(
        'OPTIONS',
        undefined,
        {
          origin,
          'sec-fetch-site': 'cross-site',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,mcp-session-id,x-tenant',
        },
        new URL(path, gateway().url),
      );
      expect(response.status, path).to.equal(204);
      expect(response.headers).to.include({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, POST, DELETE',
        'access-control-allow-headers': 'authorization,content-type,mcp-session-id,x-tenant',
        'access-control-max-age': '7200',
        vary: 'Origin',
      });
      await response.text();
    }
  });

  it('may read answers, and refusals too', async () => {
    const client = rawClient(gateway(), { headers: { origin, authorization: 'Bearer s3cret' } });
    const opened = await client.post(initializeRequest(1));
    expect(opened.status).to.equal(200);
    await opened.text();
    const unauthorized = await client.post(PING, { authorization: undefined });
    const unknown = await client.post(PING, { 'mcp-session-id': 'gone' });
    const nothing = await client.send('GET', undefined, {}, new URL('/elsewhere', gateway().url));
    const stream = await client.send('GET', undefined, {}, sseUrl(gateway()));
    const answers = { 200: opened, 401: unauthorized, 404: unknown };
    for (const [status, response] of Object.entries(answers))
      expect(response.status).to.equal(Number(status));
    for (const response of [opened, unauthorized, unknown, nothing, stream]) {
      expect(response.headers).to.include({
        'access-control-allow-origin': origin,
        'access-control-expose-headers': exposed,
        vary: 'Origin',
      });
    }
    stream.stream.destroy();
  });

  it('is the only one that may', async () => {
    const client = rawClient(gateway(), { headers: { authorization: 'Bearer s3cret' } });
    const preflight = { 'access-control-request-method': 'POST' };
    const evil = { origin: 'https://evil.example' };
    for (const response of [
      await client.send('OPTIONS', undefined, { ...preflight, ...evil }),
      await client.post(initializeRequest(1), evil),
      await client.post(initializeRequest(1)),
      await client.post(initializeRequest(1), { origin, host: 'evil.example' }),
    ]) {
      const names = Object.keys(response.headers).filter((name) => name.startsWith('access-control'));
      expect(names).to.deep.equal([]);
      await response.text();
    }
  });
});
