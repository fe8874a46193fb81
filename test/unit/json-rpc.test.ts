import { expect } from 'chai';
import type { ClientMessage } from '../../src/protocol/client-message.js';
import { parseBody } from '../../src/protocol/json-rpc.js';

describe('A body with one message', () => {
  it('is a request when it has a method and an id', () => {
    const body = '{ "jsonrpc": "2.0", "id": "a", "method": "tools/list" }';
    expect(messageIn(body)).to.deep.equal({
      kind: 'request',
      id: 'a',
      replyId: 'a',
      method: 'tools/list',
      tool: undefined,
      fastPath: false,
      stateless: false,
      progressToken: undefined,
      params: undefined,
      body,
    });
  });

  it('keeps its text as it came: the thread parses it again', () => {
    const body = ' {"id":1e0,"jsonrpc":"2.0","method":"\\u0070ing"}\n';
    expect(messageIn(body)).to.include({ id: 1, method: 'ping', body });
  });

  for (const id of [0, -1, Number.MAX_SAFE_INTEGER, '', '0', 'x'.repeat(256)]) {
    it(`may have the id ${JSON.stringify(id).slice(0, 20)}`, () => {
      expect(messageIn(request({ id }))).to.include({ kind: 'request', id });
    });
  }

  it('tells the tool and the progressToken of a tools/call', () => {
    const params = { name: 'echo', arguments: {}, _meta: { progressToken: 0 } };
    expect(messageIn(request({ method: 'tools/call', params }))).to.include({
      tool: 'echo',
      progressToken: 0,
    });
  });

  it('tells no tool for another method, nor for a name that is no text', () => {
    expect(messageIn(request({ method: 'prompts/get', params: { name: 'p' } }))).to.include({
      tool: undefined,
      fastPath: false,
    });
    expect(messageIn(request({ method: 'tools/call', params: { name: 1 } }))).to.include({ tool: undefined });
  });

  it('cuts the names of methods and tools that are longer than any', () => {
    const long = 'n'.repeat(100_000);
    const { method } = messageIn(request({ method: long })) as { method: string };
    expect(method).to.equal(`${'n'.repeat(199)}…`);
    const call = messageIn(request({ method: 'tools/call', params: { name: long } }));
    expect(call).to.include({ tool: `${'n'.repeat(199)}…` });
    expect(messageIn(request({ method: 'm'.repeat(200) }))).to.include({ method: 'm'.repeat(200) });
  });

  it('hands on the params of initialize, and of nothing else', () => {
    const params = { protocolVersion: '2025-11-25' };
    expect(messageIn(request({ method: 'initialize', params }))).to.deep.include({ params });
    expect(messageIn(request({ method: 'ping', params }))).to.include({ params: undefined });
  });

  it('is a notification when it has a method and no id', () => {
    const body = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
    expect(messageIn(body)).to.deep.equal({
      kind: 'notification',
      method: 'notifications/initialized',
      cancels: undefined,
      body,
    });
  });

  it('is a response when it has a result or an error', () => {
    const result = '{"jsonrpc":"2.0","id":0,"result":{}}';
    expect(messageIn(result)).to.deep.equal({ kind: 'response', id: 0, body: result });
    const error = '{"jsonrpc":"2.0","id":"a","error":{"code":-1,"message":"no"}}';
    expect(messageIn(error)).to.deep.equal({ kind: 'response', id: 'a', body: error });
  });

  it('is a response without an id only when it is an error', () => {
    const error = '{"jsonrpc":"2.0","error":{"code":-32700,"message":"unreadable"}}';
    expect(messageIn(error)).to.deep.equal({ kind: 'response', id: undefined, body: error });
    expect(rejectionOf('{"jsonrpc":"2.0","result":{}}').code).to.equal(-32600);
  });
});

describe('notifications/cancelled', () => {
  const cancelled = (params?: unknown) => {
    const message = messageIn(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
    return message.kind === 'notification' ? message.cancels : undefined;
  };

  for (const requestId of [0, 7, '', 'seven']) {
    it(`names the request ${JSON.stringify(requestId)}`, () => {
      expect(cancelled({ requestId, reason: 'why' })).to.deep.equal({ requestId, reason: 'why' });
    });
  }

  it('has a reason even where the client gives none, or one that is no text', () => {
    for (const reason of [undefined, null, 5, {}]) {
      expect(cancelled({ requestId: 1, reason })?.reason)
        .to.be.a('string')
        .and.not.equal('');
    }
  });

  it('has a reason of bounded length', () => {
    expect(cancelled({ requestId: 1, reason: 'r'.repeat(10_000) })?.reason).to.have.length(500);
  });

  it('names nothing without a request id that could be one', () => {
    for (const params of [undefined, {}, { requestId: null }, { requestId: 1.5 }, { requestId: {} }]) {
      expect(cancelled(params), JSON.stringify(params)).to.equal(undefined);
    }
  });
});

describe('A body that is refused', () => {
  it('is a parse error when it is no JSON', () => {
    for (const text of ['', '{', 'undefined', '{"jsonrpc":"2.0",}', '\ufeff{}']) {
      expect(rejectionOf(text), JSON.stringify(text)).to.include({ code: -32700, id: null });
    }
  });

  const invalid: [what: string, body: unknown, id: string | number | null][] = [
    ['text', 'hello', null],
    ['null', null, null],
    ['no jsonrpc', { id: 1, method: 'ping' }, 1],
    ['another version of JSON-RPC', { jsonrpc: '1.0', id: 1, method: 'ping' }, 1],
    ['an id that is null', { jsonrpc: '2.0', id: null, method: 'ping' }, null],
    ['an id that is a fraction', { jsonrpc: '2.0', id: 1.5, method: 'ping' }, null],
    ['an id beyond the safe integers', { jsonrpc: '2.0', id: 2 ** 53, method: 'ping' }, null],
    ['an id that is an object', { jsonrpc: '2.0', id: {}, method: 'ping' }, null],
    ['an id that is too long', { jsonrpc: '2.0', id: 'x'.repeat(257), method: 'ping' }, null],
    ['a method that is no text', { jsonrpc: '2.0', id: 1, method: 5 }, 1],
    ['params that are a list', { jsonrpc: '2.0', id: 1, method: 'ping', params: [] }, 1],
    ['params that are null', { jsonrpc: '2.0', id: 1, method: 'ping', params: null }, 1],
    ['neither method nor result nor error', { jsonrpc: '2.0', id: 1 }, 1],
    ['a result and an error', { jsonrpc: '2.0', id: 1, result: {}, error: { code: 1, message: 'm' } }, 1],
    ['a result that is no object', { jsonrpc: '2.0', id: 1, result: 'text' }, 1],
    ['an error without a code', { jsonrpc: '2.0', id: 1, error: { message: 'm' } }, 1],
    ['a member that no request has', { jsonrpc: '2.0', id: 1, method: 'ping', extra: 1 }, 1],
    ['a request and a response at once', { jsonrpc: '2.0', id: 1, method: 'ping', result: {} }, 1],
  ];
  for (const [what, body, id] of invalid) {
    it(`is an invalid request with ${what}, and names its id where it has one`, () => {
      const rejection = rejectionOf(JSON.stringify(body));
      expect(rejection).to.include({ code: -32600, id });
      expect(rejection.message).to.match(/^Invalid Request: ./);
    });
  }

  it('never repeats more than a little of what was sent', () => {
    const member = 'x'.repeat(100_000);
    expect(
      rejectionOf(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', [member]: 1 })).message.length,
    ).to.be.below(200);
  });
});

describe('A body with a batch', () => {
  it('has its messages in order, each with a text of its own', () => {
    const parsed = parseBody(`[${request({ id: 1 })}, {"jsonrpc":"2.0","method":"notifications/x"}]`);
    if ('reason' in parsed) throw new Error(parsed.message);
    expect(parsed.batch).to.equal(true);
    expect(parsed.messages.map(({ kind }) => kind)).to.deep.equal(['request', 'notification']);
    expect(parsed.messages.map(({ body }) => JSON.parse(body) as unknown)).to.deep.equal([
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { jsonrpc: '2.0', method: 'notifications/x' },
    ]);
  });

  it('is a batch also with one message', () => {
    expect(parseBody(`[${request({})}]`)).to.include({ batch: true });
  });

  it('is refused when it is empty, too long, nested, or has one message that is none', () => {
    const many = `[${Array.from({ length: 101 }, () => request({})).join(',')}]`;
    for (const text of ['[]', many, `[[${request({})}]]`, `[${request({})},1]`]) {
      expect(rejectionOf(text).code, text.slice(0, 50)).to.equal(-32600);
    }
  });
});

function request(fields: Record<string, unknown>): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', ...fields });
}

function messageIn(text: string): ClientMessage {
  const parsed = parseBody(text);
  if ('reason' in parsed) throw new Error(parsed.message);
  expect(parsed.batch).to.equal(false);
  expect(parsed.messages).to.have.length(1);
  return parsed.messages[0]!;
}

function rejectionOf(text: string): Extract<ReturnType<typeof parseBody>, { reason: string }> {
  const parsed = parseBody(text);
  if ('messages' in parsed) throw new Error(`It was taken: ${JSON.stringify(parsed.messages)}`);
  return parsed;
}
