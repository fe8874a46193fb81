/** What a bridge does if its server refuses, is gone, or loses a session, an answer or a stream. */
import { expect } from 'chai';
import { startBridge } from '../support/bridge.js';
import { textOf } from '../support/line-client.js';
import { json, result, scriptedServer } from '../support/scripted-server.js';

describe('A bridge if the server refuses', () => {
  const cases: [status: number, headers: Record<string, string>, body: string, sentence: RegExp][] = [
    [
      401,
      {},
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"No token."}}',
      /status 401: No token\. Start the bridge with the right token/,
    ],
    [404, {}, 'nothing here', /status 404\. Check the address/],
    [
      307,
      { location: 'https://example.com/mcp' },
      '',
      /does not follow redirects: start it with https:\/\/example\.com\/mcp/,
    ],
    [
      200,
      { 'content-type': 'text/html' },
      '<p>Hello',
      /without a response to initialize\. It may not be an MCP server/,
    ],
  ];
  for (const [status, headers, body, sentence] of cases) {
    it(`says what to do (${status})`, async () => {
      const server = await scriptedServer((_request, response) => {
        response.writeHead(status, headers).end(body);
        return true;
      });
      const { client } = startBridge(server.url);
      const { error } = await client.initialize();
      expect(error?.data).to.deep.equal({ reason: 'refused' });
      expect(error?.message).to.match(sentence).and.to.include(server.url.href);
    });
  }
});

describe('A bridge if the server cannot be reached', () => {
  it('answers with its address and what to do, and serves when it is there', async () => {
    const gone = await scriptedServer();
    await gone.close();
    const { client } = startBridge(gone.url, { triesMs: 200 });
    const { error } = await client.initialize();
    expect(error?.data).to.deep.equal({ reason: 'unreachable' });
    expect(error?.message)
      .to.include(gone.url.href)
      .and.to.match(/cannot be reached.+ECONNREFUSED.+Start the server/);
    await scriptedServer(undefined, Number(gone.url.port));
    expect((await client.request('initialize', {})).result).to.be.an('object');
  });

  it('tries again for a while', async () => {
    const gone = await scriptedServer();
    await gone.close();
    const { client } = startBridge(gone.url);
    const answer = client.initialize();
    const again = await scriptedServer(undefined, Number(gone.url.port));
    await again.arrived('initialize');
    expect((await answer).result).to.be.an('object');
  });

  it('forgets a request that is cancelled before it was sent', async () => {
    const gone = await scriptedServer();
    await gone.close();
    const { client, warnings } = startBridge(gone.url);
    client.send({ id: 'never', method: 'tools/list' });
    client.notify('notifications/cancelled', { requestId: 'never' });
    const again = await scriptedServer(undefined, Number(gone.url.port));
    await client.initialize();
    expect(again.names).to.not.include('tools/list');
    expect(client.received.filter(({ id }) => id === 'never')).to.deep.equal([]);
    expect(warnings).to.deep.equal([]);
  });

  it('waits as long as a busy server asks', async () => {
    let busy = 2;
    const server = await scriptedServer((_request, response) => {
      if (busy === 0) return false;
      busy -= 1;
      response.writeHead(503, { 'retry-after': '0' }).end();
      return true;
    });
    const { client } = startBridge(server.url);
    expect((await client.initialize()).result).to.be.an('object');
    expect(server.names.slice(0, 3)).to.deep.equal(['initialize', 'initialize', 'initialize']);
  });
});

describe('A bridge if the server has lost the session', () => {
  it('initializes anew with the same parameters, and sends what was refused', async () => {
    const server = await scriptedServer();
    const { client, warnings } = startBridge(server.url);
    await client.initialize({ roots: {} });
    await client.request('logging/setLevel', { level: 'debug' });
    server.sessionId = 'session-2';
    expect(textOf(await client.call('unsafe'))).to.equal('done');
    const opened = server.requests.filter(({ message }) => message?.method === 'initialize');
    expect(opened).to.have.length(2);
    expect(opened[1]?.message?.params).to.deep.equal(opened[0]?.message?.params);
    // The GET stream has a connection of its own.
    const names = server.names.filter((name) => name !== 'GET');
    expect(names.slice(-3)).to.deep.equal(['notifications/initialized', 'logging/setLevel', 'tools/call']);
    const called = server.requests.filter(({ message }) => message?.method === 'tools/call');
    expect(called.map(({ headers }) => headers['mcp-session-id'])).to.deep.equal(['session-1', 'session-2']);
    await client.seen(({ method }) => method === 'notifications/tools/list_changed');
    expect(warnings.join()).to.include('does not know the session any more');
    expect(client.received.filter(({ result }) => result?.serverInfo)).to.have.length(1);
  });

  it('cancels what the lost session asked, and does not pass its answer on', async () => {
    const server = await scriptedServer(({ method, headers }, response) => {
      if (method !== 'GET' || headers['mcp-session-id'] !== 'session-1') return false;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"jsonrpc":"2.0","id":"asked","method":"roots/list"}\n\n');
      return true;
    });
    const { client } = startBridge(server.url);
    await client.initialize({ roots: {} });
    await client.seen(({ method }) => method === 'roots/list');
    server.sessionId = 'session-2';
    await client.request('tools/list');
    await client.seen(({ method, params }) => {
      return method === 'notifications/cancelled' && params?.requestId === 'asked';
    });
    client.send({ id: 'asked', result: { roots: [] } });
    await client.request('tools/list');
    expect(server.names).to.not.include('response');
  });

  it('says so if it is refused a new one', async () => {
    const server = await scriptedServer();
    const { client } = startBridge(server.url);
    await client.initialize();
    server.script = ({ message }, response) => {
      response.writeHead(message?.method === 'initialize' ? 500 : 404).end();
      return true;
    };
    expect(textOf(await client.call('any'))).to.match(/status 404: it does not know the session/);
    server.script = () => false;
    server.sessionId = 'session-2';
    expect(textOf(await client.call('any'))).to.equal('done');
  });
});

describe('A bridge if an answer is lost', () => {
  const tools = [
    { name: 'read', annotations: { readOnlyHint: true } },
    { name: 'again', annotations: { readOnlyHint: false, idempotentHint: true } },
    { name: 'write' },
  ];

  async function breakingServer(times: number) {
    let left = times;
    const server = await scriptedServer(({ message }, response) => {
      if (message?.method === 'tools/list') return json(response, result(message, { tools }));
      if (message?.method !== 'tools/call' && message?.method !== 'resources/read') return false;
      left -= 1;
      if (left < 0) return false;
      response.destroy();
      return true;
    });
    const running = startBridge(server.url);
    await running.client.initialize();
    await running.client.request('tools/list');
    return { ...running, server };
  }

  for (const name of ['read', 'again']) {
    it(`repeats a call of a tool that allows it (${name})`, async () => {
      const { client, server } = await breakingServer(1);
      expect(textOf(await client.call(name))).to.equal('done');
      expect(server.names.filter((one) => one === 'tools/call')).to.have.length(2);
    });
  }

  it('repeats what only reads', async () => {
    const { client } = await breakingServer(1);
    expect((await client.request('resources/read', { uri: 'a:b' })).result).to.be.an('object');
  });

  it('does not repeat another call, and says so', async () => {
    const { client, server } = await breakingServer(1);
    const { error } = await client.call('write');
    expect(error?.data).to.deep.equal({ reason: 'not_repeated' });
    expect(error?.message).to.match(/call of write was lost.+neither read-only nor idempotent.+check before/);
    expect(server.names.filter((one) => one === 'tools/call')).to.have.length(1);
  });

  it('gives up when it is lost again and again', async () => {
    const { client, server } = await breakingServer(10);
    expect((await client.call('read')).error?.data).to.deep.equal({ reason: 'answer_lost' });
    expect(server.names.filter((one) => one === 'tools/call')).to.have.length(3);
  });
});

describe('A bridge if a stream breaks', () => {
  it('resumes it from the last event', async () => {
    const server = await scriptedServer(({ method, message, headers }, response) => {
      if (message?.method === 'tools/call') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('id: e1\nretry: 10\ndata: \n\n', () => response.destroy());
        return true;
      }
      if (method !== 'GET' || headers['last-event-id'] === undefined) return false;
      const answer = { jsonrpc: '2.0', id: 2, result: { content: [{ type: 'text', text: 'resumed' }] } };
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`id: e2\ndata: ${JSON.stringify(answer)}\n\n`);
      return true;
    });
    const { client } = startBridge(server.url);
    await client.initialize();
    expect(textOf(await client.call('write'))).to.equal('resumed');
    const resumed = server.requests.find(({ headers }) => headers['last-event-id'] !== undefined);
    expect(resumed?.headers['last-event-id']).to.equal('e1');
    expect(server.names.filter((one) => one === 'tools/call')).to.have.length(1);
  });

  it('opens the GET stream again, from the last event', async () => {
    let opened = 0;
    const server = await scriptedServer(({ method }, response) => {
      if (method !== 'GET') return false;
      opened += 1;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const message = { jsonrpc: '2.0', method: 'notifications/message', params: { opened } };
      const event = `retry: 10\nid: g${opened}\ndata: ${JSON.stringify(message)}\n\n`;
      if (opened === 1) response.end(event);
      else response.write(event);
      return true;
    });
    const { client } = startBridge(server.url);
    await client.initialize();
    await client.seen(({ params }) => params?.opened === 2);
    const ids = server.requests
      .filter(({ method }) => method === 'GET')
      .map(({ headers }) => headers['last-event-id']);
    expect(ids).to.deep.equal([undefined, 'g1']);
  });
});
