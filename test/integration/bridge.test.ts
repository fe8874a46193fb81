/** What a bridge does with any Streamable HTTP server. */
import { expect } from 'chai';
import { startBridge } from '../support/bridge.js';
import { until } from '../support/deadline.js';
import { textOf } from '../support/line-client.js';
import { json, result, scriptedServer } from '../support/scripted-server.js';

describe('A bridge', () => {
  it('initializes, and sends what the server gave it with every further request', async () => {
    const server = await scriptedServer();
    const { client } = startBridge(server.url, { headers: { authorization: 'Bearer secret' } });
    expect((await client.initialize()).result).to.deep.include({ protocolVersion: '2025-11-25' });
    expect((await client.request('tools/list')).result).to.deep.equal({ tools: [] });
    const [first, ...others] = server.requests;
    expect(first?.headers).to.not.have.any.keys('mcp-session-id', 'mcp-protocol-version');
    expect(others.length).to.be.above(1);
    for (const { headers } of [first, ...others].filter((one) => one !== undefined)) {
      expect(headers.authorization).to.equal('Bearer secret');
    }
    for (const { headers } of others) {
      expect(headers).to.include({ 'mcp-session-id': 'session-1', 'mcp-protocol-version': '2025-11-25' });
    }
  });

  it('passes messages on as they came', async () => {
    const sent: string[] = [];
    const server = await scriptedServer(({ message }, response) => {
      if (message?.method !== 'odd/method') return false;
      sent.push(JSON.stringify(message));
      const body = `{\n  "jsonrpc": "2.0",\r\n  "more": 1e400,\n "id": ${message.id}, "result": {"big": 12345678901234567890}}`;
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(body);
      return true;
    });
    const { client } = startBridge(server.url);
    await client.initialize();
    const texts: string[] = [];
    const parse = JSON.parse;
    try {
      JSON.parse = (text: string) => {
        texts.push(text);
        return parse(text);
      };
      await client.request('odd/method', { b: 1, a: 2 });
    } finally {
      JSON.parse = parse;
    }
    expect(sent).to.deep.equal(['{"jsonrpc":"2.0","id":2,"method":"odd/method","params":{"b":1,"a":2}}']);
    expect(texts.at(-1)).to.include('"more": 1e400').and.to.include('12345678901234567890');
    expect(client.strange).to.deep.equal([]);
  });

  it('keeps the order of messages, however fast they come', async () => {
    const server = await scriptedServer();
    const { client } = startBridge(server.url);
    await client.initialize();
    const ids = [...Array(300).keys()].map((number) => number + 1_000);
    const answers = ids.map((id) => client.answer(id));
    for (const id of ids) {
      client.send({ id, method: 'tools/call', params: { name: 'any', number: id } });
      if (id % 3 === 0) client.notify('notifications/roots/list_changed', { number: id });
    }
    await Promise.all(answers);
    await server.arrived('notifications/roots/list_changed', 100);
    const numbers = server.requests.map(({ message }) => message?.params?.number).filter(Number);
    expect(numbers).to.deep.equal(ids.flatMap((id) => (id % 3 === 0 ? [id, id] : [id])));
  });

  it('has 64 requests in flight, and sends what they wait for before the others', async () => {
    const held: (() => void)[] = [];
    const server = await scriptedServer(({ message }, response) => {
      if (message?.method !== 'tools/call') return false;
      held.push(() => json(response, result(message, {})));
      return true;
    });
    const { client } = startBridge(server.url);
    await client.initialize();
    const ids = [...Array(70).keys()].map((number) => number + 1_000);
    const answers = ids.map((id) => client.answer(id));
    for (const id of ids) client.send({ id, method: 'tools/call', params: { name: 'any' } });
    client.notify('notifications/roots/list_changed');
    await server.arrived('notifications/roots/list_changed');
    expect(held).to.have.length(64);
    const answering = setInterval(() => held.splice(0).forEach((answer) => void answer()), 1);
    await Promise.all(answers);
    clearInterval(answering);
    expect(server.names.filter((name) => name === 'tools/call')).to.have.length(70);
  });

  it('passes server/discover on, and the answer of a server that does not know it', async () => {
    const server = await scriptedServer(({ message }, response) => {
      if (message?.method !== 'server/discover') return false;
      const error = { code: -32601, message: 'Method not found' };
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, error }));
      return true;
    });
    const { client } = startBridge(server.url);
    expect((await client.request('server/discover')).error).to.deep.equal({
      code: -32601,
      message: 'Method not found',
    });
    expect((await client.initialize()).result).to.be.an('object');
  });

  it('gives messages of 2026-07-28 their headers, and cancels them by closing their stream', async () => {
    let closed = false;
    const server = await scriptedServer(({ message }, response) => {
      if (message?.method !== 'tools/call') return false;
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      response.on('close', () => {
        closed = true;
      });
      return true;
    });
    const { client } = startBridge(server.url);
    await client.initialize();
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    client.send({ id: 'call', method: 'tools/call', params: { name: 'grüße', _meta } });
    await server.arrived('tools/call');
    const { headers } = server.requests.at(-1)!;
    expect(headers).to.include({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': `=?base64?${Buffer.from('grüße').toString('base64')}?=`,
    });
    expect(headers).to.not.have.property('mcp-session-id');
    client.notify('notifications/cancelled', { requestId: 'call' });
    await until(() => closed, 'the end of the stream');
    expect(server.names).to.not.include('notifications/cancelled');
  });

  it('refuses lines that are not JSON-RPC by itself', async () => {
    const server = await scriptedServer();
    const { client } = startBridge(server.url);
    client.write('{"jsonrpc":"2.0",\n[1]\n');
    await client.seen(({ error }) => error?.code === -32700);
    await client.seen(({ error }) => error?.code === -32600);
    expect(server.requests).to.deep.equal([]);
  });

  it('skips what the server sends that is not JSON-RPC', async () => {
    const server = await scriptedServer(({ message }, response) => {
      if (message?.method !== 'tools/call') return false;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`data: hello\n\ndata: ${JSON.stringify(result(message, { content: [] }))}\n\n`);
      return true;
    });
    const { client, warnings } = startBridge(server.url);
    await client.initialize();
    expect((await client.call('any')).result).to.deep.equal({ content: [] });
    expect(warnings.join()).to.match(/a message of http:.+ was skipped/);
  });

  describe('if the server refuses', () => {
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

  describe('if the server cannot be reached', () => {
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

  describe('if the server has lost the session', () => {
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
      expect(called.map(({ headers }) => headers['mcp-session-id'])).to.deep.equal([
        'session-1',
        'session-2',
      ]);
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

  describe('if an answer is lost', () => {
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
      expect(error?.message).to.match(
        /call of write was lost.+neither read-only nor idempotent.+check before/,
      );
      expect(server.names.filter((one) => one === 'tools/call')).to.have.length(1);
    });

    it('gives up when it is lost again and again', async () => {
      const { client, server } = await breakingServer(10);
      expect((await client.call('read')).error?.data).to.deep.equal({ reason: 'answer_lost' });
      expect(server.names.filter((one) => one === 'tools/call')).to.have.length(3);
    });
  });

  describe('if a stream breaks', () => {
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

  it('makes a server wait whose client does not read', async () => {
    let written = 0;
    let waits = false;
    const piece = `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'x'.repeat(64 * 1024) } })}\n\n`;
    const server = await scriptedServer(({ method }, response) => {
      if (method !== 'GET') return false;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const flood = (): void => {
        for (let flows = true; flows && written < 512; written += 1) flows = response.write(piece);
        waits = response.writableNeedDrain;
        if (written < 512) response.once('drain', flood);
      };
      flood();
      return true;
    });
    const { client } = startBridge(server.url);
    client.pause();
    client.send({ id: 1, method: 'initialize', params: {} });
    client.notify('notifications/initialized');
    await server.arrived('GET');
    // What the system buffers for a connection; after that it must not move.
    let before = -1;
    await until(async () => {
      const still = waits && before === written;
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return still && before === written;
    }, 'the server to wait');
    expect(written).to.be.below(512);
    client.resume();
    await until(() => client.received.length === 513, 'all messages');
  });

  describe('when its client closes its end', () => {
    it('waits for answers, and ends the session', async () => {
      let answer = (): void => undefined;
      const server = await scriptedServer(({ message }, response) => {
        if (message?.method !== 'tools/call') return false;
        answer = () => void json(response, result(message, { content: [] }));
        return true;
      });
      const { client, ended } = startBridge(server.url);
      await client.initialize();
      const called = client.call('slow');
      await server.arrived('tools/call');
      client.end();
      answer();
      expect((await called).result).to.deep.equal({ content: [] });
      await ended;
      expect(server.names.filter((name) => name !== 'GET').at(-1)).to.equal('DELETE');
    });

    it('does not wait for longer than its time', async () => {
      const server = await scriptedServer(({ message }) => message?.method === 'tools/call');
      const { client, ended } = startBridge(server.url, { finishMs: 50 });
      await client.initialize();
      const called = client.call('hangs');
      await server.arrived('tools/call');
      client.end();
      expect((await called).error?.data).to.deep.equal({ reason: 'bridge_ends' });
      await ended;
      expect(server.names.filter((name) => name !== 'GET').at(-1)).to.equal('DELETE');
    });

    it('ends also if the server is gone', async () => {
      const server = await scriptedServer();
      const { client, ended } = startBridge(server.url, { triesMs: 50 });
      await client.initialize();
      await server.close();
      client.send({ id: 'last', method: 'tools/list' });
      client.end();
      await client.answer('last');
      await ended;
    });
  });
});
