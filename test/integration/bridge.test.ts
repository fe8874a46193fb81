/** What a bridge does with any Streamable HTTP server. */
import { expect } from 'chai';
import { startBridge } from '../support/bridge.js';
import { until } from '../support/deadline.js';
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
