import { expect } from 'chai';
import { collect, once } from '../support/events.js';
import { connectedClient, sharedGateway } from '../support/gateway.js';
import { toolCall } from '../support/raw-client.js';
import { type RawSocket, rawSocket, requestText } from '../support/raw-socket.js';

const MIB = 1024 * 1024;
const JSON_TYPE = { 'content-type': 'application/json' };

describe('A refused request whose body is still coming', () => {
  const gateway = sharedGateway({ token: 'right', maxBodyBytes: MIB });
  const authorization = 'Bearer right';

  const refusals: [status: number, path: string, headers: Record<string, string>][] = [
    [401, '/mcp', { ...JSON_TYPE, authorization: 'Bearer wrong' }],
    [403, '/mcp', { ...JSON_TYPE, authorization, host: 'evil.example' }],
    [404, '/nothing', { ...JSON_TYPE, authorization }],
    // Not 413: the session comes first, and its body is never parsed.
    [404, '/mcp', { ...JSON_TYPE, authorization, 'mcp-session-id': 'unknown' }],
    [405, '/sse', { ...JSON_TYPE, authorization }],
    [406, '/mcp', { ...JSON_TYPE, authorization, accept: 'text/html' }],
    [413, '/mcp', { ...JSON_TYPE, authorization }],
    [415, '/mcp', { authorization, 'content-type': 'text/plain' }],
  ];
  for (const [status, path, headers] of refusals) {
    it(`gets its ${status} though it sends 16 MiB to ${path} before it reads`, async () => {
      const socket = await rawSocket(gateway().url, true);
      const url = new URL(path, gateway().url);
      const accept = headers.accept ?? 'application/json, text/event-stream';
      socket.write(requestText('POST', url, { ...headers, accept, 'content-length': 16 * MIB }));
      const allSent = new Promise<void>((resolve) =>
        socket.socket.write(Buffer.alloc(16 * MIB, 'x'), () => resolve()),
      );
      await allSent;
      socket.socket.resume();
      await socket.end();
      expect(socket.text).to.match(new RegExp(`^HTTP/1.1 ${status} `));
      expect(socket.text.toLowerCase()).to.include('connection: close');
      expect(socket.error).to.equal(undefined);
    });
  }

  it('gets a 413 also where the body does not tell its length', async () => {
    const socket = await rawSocket(gateway().url);
    const chunked = { ...JSON_TYPE, authorization, 'transfer-encoding': 'chunked' };
    socket.write(requestText('POST', gateway().url, chunked));
    const chunk = `${(64 * 1024).toString(16)}\r\n${'x'.repeat(64 * 1024)}\r\n`;
    for (let sent = 0; sent < 8 * MIB; sent += 64 * 1024) socket.write(chunk);
    socket.write('0\r\n\r\n');
    await socket.end();
    expect(socket.text).to.match(/^HTTP\/1\.1 413 /);
    expect(socket.error).to.equal(undefined);
  });

  it('gets it from the admin listener too', async () => {
    const url = new URL('/metrics', gateway().adminUrl);
    const socket = await rawSocket(url, true);
    socket.write(requestText('POST', url, { 'content-length': 16 * MIB }));
    await new Promise<void>((resolve) => socket.socket.write(Buffer.alloc(16 * MIB), () => resolve()));
    socket.socket.resume();
    await socket.end();
    expect(socket.text).to.match(/^HTTP\/1\.1 401 /);
    expect(socket.error).to.equal(undefined);
  });

  it('is the last of its connection: what follows its body is not served', async () => {
    const rejections = collect(gateway().events, 'rejected');
    const socket = await rawSocket(gateway().url);
    const refused = requestText('POST', gateway().url, { authorization: 'Bearer wrong' }, '{}');
    socket.write(refused + requestText('DELETE', gateway().url, { authorization }));
    await socket.end();
    expect(socket.text.match(/HTTP\/1\.1 /g)).to.have.lengthOf(1);
    expect(rejections.map(({ status }) => status)).to.deep.equal([401]);
  });

  it('without a body keeps its connection', async () => {
    const socket = await rawSocket(gateway().url);
    socket.write(requestText('GET', gateway().url));
    await socket.received('401');
    socket.write(requestText('GET', new URL('/nothing', gateway().url), { authorization }));
    await socket.received('HTTP/1.1 404');
  });
});

describe('Headers that are longer than they may be', () => {
  const gateway = sharedGateway();

  for (const listener of ['url', 'adminUrl'] as const) {
    it(`are answered 431 though more of them comes (${listener})`, async () => {
      const url = gateway()[listener];
      const rejected = once(gateway().events, 'rejected');
      const socket = await rawSocket(url, true);
      socket.write(`GET / HTTP/1.1\r\nHost: ${url.host}\r\nX: `);
      await new Promise<void>((resolve) => socket.socket.write(Buffer.alloc(4 * MIB, 'x'), () => resolve()));
      socket.socket.resume();
      await socket.end();
      expect(socket.text).to.match(/^HTTP\/1\.1 431 /);
      expect(socket.error).to.equal(undefined);
      expect(await rejected).to.include({ reason: 'malformed_http', status: 431 });
    });
  }
});

describe('Garbage behind a request', () => {
  const gateway = sharedGateway({ sseAfter: '20ms' });

  async function call(ms: number, tail: string): Promise<RawSocket> {
    const client = await connectedClient(gateway());
    const socket = await rawSocket(gateway().url);
    const body = JSON.stringify(toolCall(1, 'slow', { ms }));
    const headers = { 'mcp-session-id': client.sessionId, 'mcp-protocol-version': '2025-11-25' };
    socket.write(requestText('POST', gateway().url, headers, body) + tail);
    return socket;
  }

  it('leaves the answer that is being streamed whole, and closes the connection behind it', async () => {
    const socket = await call(300, '');
    await socket.received('text/event-stream');
    socket.write('GARBAGE\r\n\r\n');
    await socket.end();
    expect(socket.text)
      .to.include('waited 300')
      .and.to.match(/0\r\n\r\n$/);
    expect(socket.text.match(/HTTP\/1\.1 /g)).to.have.lengthOf(1);
  });

  it('is not taken for the answer of a request that has not been answered yet', async () => {
    const socket = await call(200, 'GARBAGE\r\n\r\n');
    await socket.end();
    expect(socket.text).to.match(/^HTTP\/1\.1 200 /);
    expect(socket.text).to.include('waited 200');
    expect(socket.text.match(/HTTP\/1\.1 /g)).to.have.lengthOf(1);
  });

  it('is answered 400 where nothing else is', async () => {
    const socket = await rawSocket(gateway().url);
    socket.write('GARBAGE\r\n\r\n');
    await socket.end();
    expect(socket.text).to.match(/^HTTP\/1\.1 400 /);
  });

  it('does not hide that its client leaves', async () => {
    const closed = once(gateway().events, 'stream-closed');
    const socket = await call(60_000, '');
    await socket.received('text/event-stream');
    socket.write('GARBAGE\r\n\r\n');
    socket.socket.end();
    await closed;
  });
});

describe('Expect: 100-continue', () => {
  const gateway = sharedGateway({ token: 'right', maxBodyBytes: 1024 });
  const expecting = { ...JSON_TYPE, expect: '100-continue' };

  const refused: [status: number, why: string, headers: Record<string, string | number>][] = [
    [401, 'without the token', { ...expecting, 'content-length': 10 }],
    [403, 'for another host', { ...expecting, 'content-length': 10, host: 'evil.example' }],
    [413, 'for too much', { ...expecting, 'content-length': 10_000, authorization: 'Bearer right' }],
    [417, 'for anything else', { ...JSON_TYPE, 'content-length': 10, expect: 'a miracle' }],
  ];
  for (const [status, why, headers] of refused) {
    it(`is answered ${status} ${why}, and never 100`, async () => {
      const socket = await rawSocket(gateway().url);
      socket.write(requestText('POST', gateway().url, headers));
      await socket.end();
      expect(socket.text).to.match(new RegExp(`^HTTP/1.1 ${status} `));
    });
  }

  it('is answered 100 once the body will be read, and then as ever', async () => {
    const socket = await rawSocket(gateway().url);
    const body = JSON.stringify(toolCall(1, 'echo', { text: 'x' }));
    const headers = { ...expecting, authorization: 'Bearer right', 'content-length': body.length };
    socket.write(requestText('POST', gateway().url, headers));
    await socket.received('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(body);
    await socket.received('HTTP/1.1 400 ');
    expect(socket.text).to.include('Mcp-Session-Id header is required');
  });

  it('is not asked for more by the admin listener', async () => {
    const url = new URL('/metrics', gateway().adminUrl);
    const socket = await rawSocket(url);
    socket.write(requestText('POST', url, { ...expecting, 'content-length': 10 }));
    await socket.end();
    expect(socket.text).to.match(/^HTTP\/1\.1 401 /);
  });
});
