/** A gateway inside of a server of the embedding program. */
import { once as eventOf } from 'node:events';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express from 'express';
import { createGateway } from '../../src/index.js';
import { afterThisTest } from '../support/cleanup.js';
import { until, withDeadline } from '../support/deadline.js';
import { sharedEmbedding } from '../support/embedded.js';
import { collect, once } from '../support/events.js';
import { expectRejection } from '../support/expectations.js';
import { withDefaults } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { initializeRequest, textOf } from '../support/raw-client.js';
import { rawSocket, requestText } from '../support/raw-socket.js';

const MIB = 1024 * 1024;

describe('A gateway in a server of the program', () => {
  const embedded = sharedEmbedding({ maxBodyBytes: MIB, cancelGrace: '200ms' }, (app, { handler }) => {
    app.use('/tools', handler);
    app.use('/mcp', handler);
    app.use('/parsed', express.json({ limit: '8mb' }), handler);
    app.use('/bytes', express.raw({ type: () => true, limit: '8mb' }), handler);
    app.use(
      '/lost',
      express.json(),
      (request, _response, next) => {
        request.body = undefined;
        next();
      },
      handler,
    );
    app.get('/other', (_request, response) => void response.send('mine'));
  });

  for (const path of ['/tools/mcp', '/tools/mcp/', '/mcp', '/mcp/mcp', '/parsed/mcp', '/bytes/mcp']) {
    it(`serves a session at ${path}`, async () => {
      const client = embedded().client(path);
      await client.initialize();
      expect(textOf(await client.call('echo', { text: 'grüße' }))).to.equal('grüße');
      const { stream } = await client.get();
      expect((await client.delete()).status).to.equal(200);
      await stream.ended;
    });
  }

  it('serves HTTP+SSE below the path where it is mounted', async () => {
    const url = embedded().url('/tools/sse');
    const client = await LegacyClient.connect({ url }, {}, url);
    expect(client.endpoint.pathname).to.equal('/tools/messages');
    expect(textOf(await client.call('1', 'echo', { text: 'old' }))).to.equal('old');
  });

  it('has no addresses of its own, and gives its metrics and its readiness to the program', async () => {
    const { gateway } = embedded();
    expect([gateway.url, gateway.adminUrl]).to.deep.equal([undefined, undefined]);
    expect(gateway.unready()).to.equal(undefined);
    expect((await gateway.metrics()).body).to.include('\nbulkhead_sessions_started_total{');
    expect((await gateway.metrics('application/openmetrics-text')).contentType).to.include('openmetrics');
  });

  it('says what there is at an unknown path, and lists it in a browser with the path of the program', async () => {
    const { url, client } = embedded();
    const refused = await client('/tools/nothing').post(initializeRequest(1));
    const { error } = await expectRejection(refused, 404);
    expect(error?.message).to.include('/mcp').and.include('where the program has mounted it');
    const page = await fetch(url('/tools'), { headers: { accept: 'text/html', connection: 'close' } });
    expect(await page.text()).to.include('/tools/');
  });

  it('reports rejected requests with the path that the client sent', async () => {
    const { gateway, client } = embedded();
    const rejected = once(gateway.events, 'rejected');
    await client('/tools/nothing').post({});
    expect(((await rejected) as { request: object }).request).to.include({ path: '/tools/nothing' });
  });

  it('checks Host and Origin as its own listener does', async () => {
    const { client } = embedded();
    await expectRejection(await client('/mcp').post(initializeRequest(1), { host: 'evil.example' }), 403);
    const foreign = await client('/mcp').post(initializeRequest(1), { origin: 'https://evil.example' });
    await expectRejection(foreign, 403);
  });

  it('says in the log what to do if a parser has read the body and it is gone', async () => {
    const { gateway, client } = embedded();
    const rejected = once(gateway.events, 'rejected');
    await expectRejection(await client('/lost/mcp').post(initializeRequest(1)), 500, -32603);
    const { reason, detail } = (await rejected) as { reason: string; detail: string };
    expect(reason).to.equal('internal_error');
    expect(detail).to.include('mount the handler before body parsers');
  });

  for (const path of ['/parsed/mcp', '/bytes/mcp'])
    it(`holds its limit of body size for what a parser has read: ${path}`, async () => {
      const { client } = embedded();
      const large = initializeRequest(1);
      await expectRejection(await client(path).post({ ...large, padding: 'x'.repeat(2 * MIB) }), 413);
    });

  it('refuses a parsed body that nests too deeply, and goes on', async () => {
    const { client } = embedded();
    const depth = 200_000;
    const deep = `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
    await expectRejection(await client('/parsed/mcp').post(deep), 400, -32600);
  });

  it('asks once for a body that a client announces with Expect', async () => {
    const { url } = embedded();
    const socket = await rawSocket(url('/mcp'));
    const body = JSON.stringify(initializeRequest(1));
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      expect: '100-continue',
      'content-length': body.length,
      connection: 'close',
    };
    socket.write(requestText('POST', url('/mcp'), headers));
    await socket.received('100 Continue');
    socket.write(body);
    await socket.end();
    expect(socket.text.match(/HTTP\/1\.1 \d+/g)).to.deep.equal(['HTTP/1.1 100', 'HTTP/1.1 200']);
  });

  it('answers a refused upload before it closes the connection in stages', async () => {
    const { url } = embedded();
    const socket = await rawSocket(url('/mcp'), true);
    const headers = { 'content-type': 'text/plain', accept: '*/*', 'content-length': 16 * MIB };
    socket.write(requestText('POST', url('/mcp'), headers));
    await new Promise<void>((resolve) => socket.socket.write(Buffer.alloc(16 * MIB, 'x'), () => resolve()));
    socket.socket.resume();
    await socket.end();
    expect(socket.text).to.match(/^HTTP\/1\.1 415 /);
    expect(socket.error).to.equal(undefined);
  });

  it("keeps a connection open for the program's other routes, and counts it only while it serves it", async () => {
    const { gateway, url } = embedded();
    const socket = await rawSocket(url('/mcp'));
    socket.write(requestText('GET', url('/mcp'), { accept: 'text/event-stream' }));
    await socket.received('session_required');
    await until(() => gateway.snapshot().connections.mcp === 0, 'no connection is counted');
    socket.write(requestText('GET', url('/other'), { connection: 'close' }));
    await socket.end();
    expect(socket.text).to.include('mine');
  });

  it('cancels a call whose client disconnects', async () => {
    const { gateway, client } = embedded();
    const cancelled = collect(gateway.events, 'request-cancelled');
    const leaving = client('/mcp');
    await leaving.initialize('2025-06-18');
    const { exchange } = leaving.startCall('slow', { ms: 60_000 });
    await until(() => gateway.snapshot().requestsInFlight === 1, 'the call runs');
    expect(gateway.snapshot().connections.mcp).to.equal(1);
    exchange.destroy();
    await until(() => cancelled.length === 1, 'it is cancelled');
    await until(() => gateway.snapshot().connections.mcp === 0, 'its connection is forgotten');
  });

  it('says that it does not speak HTTP/2', async () => {
    const { gateway } = embedded();
    const server = createServer((request, response) => {
      gateway.handler(request as never, response as never);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterThisTest(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const stream = client.request({ ':method': 'POST', ':path': '/mcp' });
    const [headers] = await withDeadline(eventOf(stream, 'response'), 'the answer over HTTP/2');
    client.close();
    stream.resume();
    expect(headers[':status']).to.equal(505);
  });
});

describe('A gateway in a server of the program that closes', () => {
  const embedded = sharedEmbedding({ sseAfter: '20ms' }, (app, { handler }) => {
    app.use('/mcp', handler);
    app.get('/other', (_request, response) => void response.send('mine'));
  });

  it('lets calls in flight finish, ends streams, answers what comes later, and leaves the server alone', async () => {
    const { gateway, server, client, url } = embedded();
    const calling = client('/mcp');
    await calling.initialize();
    const { stream: listening } = await calling.get();
    const { id, stream } = await calling.openCall('slow', { ms: 300 });
    const closed = gateway.close();
    expect(textOf(await stream.message((message) => message.id === id))).to.equal('waited 300');
    await withDeadline(closed, 'gateway.close()');
    expect([await stream.ended, await listening.ended]).to.deep.equal(['end', 'end']);
    const late = await client('/mcp').post(initializeRequest(1));
    const { error } = await expectRejection(late, 503);
    expect(error?.data).to.include({ reason: 'draining' });
    expect(late.headers['retry-after']).to.equal('2');
    expect(server.listening).to.equal(true);
    expect(await (await fetch(url('/other'), { headers: { connection: 'close' } })).text()).to.equal('mine');
  });
});

describe('A gateway without an admin listener', () => {
  it('opens the MCP listener only', async () => {
    const gateway = await createGateway({ ...withDefaults(), admin: false });
    afterThisTest(() => gateway.kill());
    expect(gateway.adminUrl).to.equal(undefined);
    expect((await fetch(gateway.url, { headers: { connection: 'close' } })).status).to.equal(400);
  });
});
