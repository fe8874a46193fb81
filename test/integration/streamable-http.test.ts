import { expect } from 'chai';
import { once } from '../support/events.js';
import { expectError, expectRejection } from '../support/expectations.js';
import { connectedClient, rawClient, sharedGateway } from '../support/gateway.js';
import { initializeRequest, LATEST_PROTOCOL_VERSION, textOf, toolCall } from '../support/raw-client.js';

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };
const EARLIER_VERSIONS = ['2025-06-18', '2025-03-26'];

describe('Streamable HTTP: what a request needs', () => {
  const gateway = sharedGateway();

  it('answers 400 to a request without a session id', async () => {
    await expectRejection(await rawClient(gateway()).post(PING), 400);
  });

  for (const method of ['POST', 'GET', 'DELETE']) {
    it(`answers 404 to a ${method} with an unknown session id`, async () => {
      const body = method === 'POST' ? JSON.stringify(PING) : undefined;
      const response = await rawClient(gateway()).send(method, body, { 'mcp-session-id': 'no-such-session' });
      await expectRejection(response, 404);
    });
  }

  for (const method of ['GET', 'DELETE']) {
    it(`answers 400 to a ${method} without a session id`, async () => {
      await expectRejection(await rawClient(gateway()).send(method), 400);
    });
  }

  for (const method of ['PUT', 'PATCH']) {
    it(`answers 405 to ${method} and tells which methods there are`, async () => {
      const response = await rawClient(gateway()).send(method, '{}');
      await expectRejection(response, 405);
      expect(response.headers.allow?.split(/, */)).to.include.members(['GET', 'POST', 'DELETE']);
    });
  }

  it('answers 404 to an unknown path', async () => {
    const client = rawClient(gateway());
    const response = await client.send('POST', JSON.stringify(PING), {}, new URL('/elsewhere', client.url));
    expect(response.status).to.equal(404);
    await response.text();
  });

  for (const accept of [undefined, 'application/json', 'text/event-stream']) {
    it(`answers 406 to a POST that accepts ${accept ?? 'nothing'}`, async () => {
      await expectRejection(await rawClient(gateway()).post(initializeRequest(1), { accept }), 406);
    });
  }

  it('answers 406 to a GET that does not accept an event stream', async () => {
    const client = await connectedClient(gateway());
    await expectRejection(await client.get({ accept: 'application/json' }), 406);
  });

  for (const type of [undefined, 'text/plain', 'text/plain; a=application/json']) {
    it(`answers 415 to a body of type ${type ?? 'none'}`, async () => {
      await expectRejection(
        await rawClient(gateway()).post(initializeRequest(1), { 'content-type': type }),
        415,
      );
    });
  }

  it('takes a content type with parameters', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    const response = await rawClient(gateway()).post(initializeRequest(1), headers);
    expect(response.status).to.equal(200);
    await response.answer(1);
  });

  it('answers 400 with a parse error to broken JSON', async () => {
    const client = await connectedClient(gateway());
    await expectRejection(await client.post('{"jsonrpc":"2.0",'), 400, -32700);
  });

  for (const body of [
    '{}',
    '42',
    'null',
    '"text"',
    '{"jsonrpc":"1.0","id":1,"method":"ping"}',
    '{"jsonrpc":"2.0"}',
  ]) {
    it(`answers 400 to JSON that is no JSON-RPC message: ${body}`, async () => {
      const client = await connectedClient(gateway());
      const { error } = await expectRejection(await client.post(body), 400);
      expect(error?.code).to.be.oneOf([-32600, -32700]);
    });
  }

  it('answers 400 to a request whose id is null: MCP forbids it', async () => {
    const client = await connectedClient(gateway());
    await expectRejection(await client.post('{"jsonrpc":"2.0","id":null,"method":"ping"}'), 400);
  });

  it('answers server/discover with 400 and a JSON-RPC error, so that a 2026-07-28 client falls back', async () => {
    const request = { jsonrpc: '2.0', id: 7, method: 'server/discover', params: {} };
    const response = await rawClient(gateway()).post(request, { 'mcp-protocol-version': '2026-07-28' });
    await expectRejection(response, 400);
  });
});

describe('Streamable HTTP: sessions', () => {
  const gateway = sharedGateway();

  it('gives every session an id of its own, random and of visible ASCII', async () => {
    const first = await connectedClient(gateway());
    const second = await connectedClient(gateway());
    expect(first.sessionId).to.match(/^[\x21-\x7e]{22,}$/);
    expect(first.sessionId).to.not.equal(second.sessionId);
    expect(textOf(await first.call('whoami'))).to.equal(first.sessionId);
    expect(textOf(await second.call('whoami'))).to.equal(second.sessionId);
  });

  it('keeps no session of an initialize that failed', async () => {
    const client = rawClient(gateway());
    const ended = once(gateway().events, 'session-ended');
    const response = await client.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} });
    expectError(await response.answer(1));
    await ended;
    const sessionId = response.headers['mcp-session-id'];
    if (typeof sessionId !== 'string') return;
    await expectRejection(await client.post(PING, { 'mcp-session-id': sessionId }), 404);
  });

  it('tells the server module who the client is', async () => {
    const client = await connectedClient(gateway(), { headers: { 'user-agent': 'raw/1.0' } });
    const { context } = JSON.parse(textOf(await client.call('context'))) as {
      context: Record<string, unknown>;
    };
    expect(context).to.deep.include({
      sessionId: client.sessionId,
      transport: 'streamable-http',
      client: { name: 'raw-client', version: '1.0.0' },
      protocolVersion: LATEST_PROTOCOL_VERSION,
      userAgent: 'raw/1.0',
      remoteAddress: '127.0.0.1',
      principal: 'anonymous',
    });
  });

  it('answers notifications and responses with 202 and no body', async () => {
    const client = await connectedClient(gateway());
    const unmatched = once(gateway().events, 'response-unmatched');
    const bodies = [{ method: 'notifications/roots/list_changed' }, { id: 'never-asked', result: {} }];
    for (const body of bodies) {
      const response = await client.post({ jsonrpc: '2.0', ...body });
      expect(response.status).to.equal(202);
      expect(await response.text()).to.equal('');
    }
    await unmatched;
  });

  it('refuses a second initialize in a session', async () => {
    const client = await connectedClient(gateway());
    await expectRejection(await client.post(initializeRequest(99)), 400, -32600);
  });

  it('ends a session at DELETE: later requests get 404', async () => {
    const client = await connectedClient(gateway());
    const ended = once(
      gateway().events,
      'session-ended',
      ({ context }) => context.sessionId === client.sessionId,
    );
    const response = await client.delete();
    expect(response.status).to.be.oneOf([200, 204]);
    await response.text();
    expect((await ended).reason).to.equal('delete');
    await expectRejection(await client.post(PING), 404);
    await expectRejection(await client.get(), 404);
    await expectRejection(await client.delete(), 404);
  });

  it('refuses a request id that is still in flight, and leaves the first request alone', async () => {
    const client = await connectedClient(gateway());
    const first = client.startCall('slow', { ms: 300 }, { id: 'twice' });
    const opened = await first.exchange.response;
    const second = await client.post(toolCall('twice', 'echo', { text: 'second' }));
    expect(second.status).to.be.oneOf([200, 400]);
    expectError(await second.answer('twice'), -32600);
    expect(textOf(await opened.answer('twice'))).to.equal('waited 300');
  });

  it('takes a request id again once it was answered', async () => {
    const client = await connectedClient(gateway());
    expect(textOf(await client.call('echo', { text: 'one' }, { id: 5 }))).to.equal('one');
    expect(textOf(await client.call('echo', { text: 'two' }, { id: 5 }))).to.equal('two');
  });

  it('tells the ids 1 and "1" apart', async () => {
    const client = await connectedClient(gateway());
    const answers = await Promise.all([
      client.call('slow', { ms: 100 }, { id: 1 }),
      client.call('slow', { ms: 50 }, { id: '1' }),
    ]);
    expect(answers.map(({ id }) => id)).to.deep.equal([1, '1']);
    expect(answers.map(textOf)).to.deep.equal(['waited 100', 'waited 50']);
  });
});

describe('Streamable HTTP: protocol versions', () => {
  const gateway = sharedGateway();
  const batch = (text: string) => [
    toolCall('a', 'echo', { text }),
    toolCall('b', 'echo', { text: `${text} again` }),
  ];

  for (const version of [LATEST_PROTOCOL_VERSION, ...EARLIER_VERSIONS]) {
    it(`speaks ${version}`, async () => {
      const client = rawClient(gateway());
      const answer = await client.initialize(version);
      expect(answer.result).to.deep.include({ protocolVersion: version, instructions: 'Tools for tests.' });
      expect(answer.result?.serverInfo).to.include({ name: 'bulkhead-fixture', version: '1.2.3' });
      expect(textOf(await client.call('echo', { text: version }))).to.equal(version);
    });
  }

  it('offers its latest version to a client that asks for one that it does not have', async () => {
    const answer = await rawClient(gateway()).initialize('1999-01-01');
    expect(answer.result?.protocolVersion).to.equal(LATEST_PROTOCOL_VERSION);
  });

  it('answers 400 to an MCP-Protocol-Version that it does not have', async () => {
    const client = await connectedClient(gateway());
    for (const version of ['1999-01-01', 'nonsense']) {
      await expectRejection(await client.post(PING, { 'mcp-protocol-version': version }), 400);
      await expectRejection(await client.get({ 'mcp-protocol-version': version }), 400);
    }
  });

  it('takes a request without MCP-Protocol-Version', async () => {
    const client = await connectedClient(gateway());
    const headers = { 'mcp-protocol-version': undefined };
    expect(textOf(await client.call('echo', { text: 'bare' }, { headers }))).to.equal('bare');
  });

  it('answers a batch of 2025-03-26 with all responses', async () => {
    const client = await connectedClient(gateway(), { protocolVersion: '2025-03-26' });
    const response = await client.post([...batch('both'), { jsonrpc: '2.0', method: 'notifications/x' }]);
    expect(response.status).to.equal(200);
    const answers = response.isEventStream
      ? [await response.answer('a'), await response.answer('b')]
      : (JSON.parse(await response.text()) as Awaited<ReturnType<typeof response.answer>>[]);
    const texts = new Map(answers.map((answer) => [answer.id, textOf(answer)]));
    expect(texts).to.deep.equal(
      new Map([
        ['a', 'both'],
        ['b', 'both again'],
      ]),
    );
  });

  it('streams a batch that takes longer, and ends the stream with its last response', async () => {
    const client = await connectedClient(gateway(), { protocolVersion: '2025-03-26' });
    const response = await client.post([
      toolCall('fast', 'echo', { text: 'f' }),
      toolCall('late', 'slow', { ms: 200 }),
    ]);
    const { stream } = response;
    expect(await stream.ended).to.equal('end');
    expect(stream.messages.map(({ id }) => id)).to.have.members(['fast', 'late']);
  });

  it('answers a batch of notifications alone with 202', async () => {
    const client = await connectedClient(gateway(), { protocolVersion: '2025-03-26' });
    const notification = { jsonrpc: '2.0', method: 'notifications/roots/list_changed' };
    const response = await client.post([notification, notification]);
    expect(response.status).to.equal(202);
    await response.text();
  });

  it('refuses an empty batch, and initialize in a batch', async () => {
    const client = await connectedClient(gateway(), { protocolVersion: '2025-03-26' });
    await expectRejection(await client.post('[]'), 400);
    await expectRejection(await rawClient(gateway()).post([initializeRequest(1, '2025-03-26'), PING]), 400);
  });

  for (const version of [LATEST_PROTOCOL_VERSION, '2025-06-18']) {
    it(`refuses a batch in a session of ${version}, which has none`, async () => {
      const client = await connectedClient(gateway(), { protocolVersion: version });
      await expectRejection(await client.post(batch('no')), 400, -32600);
    });
  }
});
