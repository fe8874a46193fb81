import { expect } from 'chai';
import type { ClientRequest } from '../../../src/protocol/client-message.js';
import { Replay } from '../../../src/session/replay.js';

const LIMIT_CHARS = 64 * 1024;
const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';

describe('replay', () => {
  it('tells nothing before initialize has been answered', () => {
    const replay = new Replay();
    replay.initialized(INITIALIZED);
    expect(replay.messages()).to.deep.equal([]);
  });

  it('tells the introduction first, then the last log level, then the subscriptions', () => {
    const replay = new Replay();
    const introduction = {
      protocolVersion: '2025-11-25',
      capabilities: { roots: {} },
      clientInfo: { name: 'a' },
    };
    replay.answered(request(2, 'resources/subscribe', { uri: 'a:b' }));
    replay.answered(request(3, 'logging/setLevel', { level: 'error' }));
    replay.answered(request(4, 'logging/setLevel', { level: 'debug' }));
    replay.initialized(INITIALIZED);
    replay.initialize(request(1, 'initialize', introduction));
    const told = messagesOf(replay);
    expect(told.map(({ method }) => method)).to.deep.equal([
      'initialize',
      'notifications/initialized',
      'logging/setLevel',
      'resources/subscribe',
    ]);
    expect(told.map(({ params }) => params)).to.deep.equal([
      introduction,
      undefined,
      { level: 'debug' },
      { uri: 'a:b' },
    ]);
  });

  it('gives its requests ids of their own', () => {
    const replay = introduced();
    for (const uri of ['a:1', 'a:2']) replay.answered(request(7, 'resources/subscribe', { uri }));
    const ids = messagesOf(replay).map(({ id }) => id);
    expect(new Set(ids).size).to.equal(3);
    expect(ids.join()).to.match(/^bulkhead-replay-initialize,bulkhead-replay-/);
  });

  it('takes no note of requests that leave nothing in a thread', () => {
    const replay = introduced();
    for (const method of ['tools/call', 'resources/read', 'ping'])
      replay.answered(request(2, method, { uri: 'a:b' }));
    expect(messagesOf(replay)).to.have.length(1);
  });

  it('forgets a subscription that was taken back, and tells one that was made twice once', () => {
    const replay = introduced();
    for (const uri of ['a:1', 'a:2', 'a:1']) replay.answered(request(2, 'resources/subscribe', { uri }));
    replay.answered(request(3, 'resources/unsubscribe', { uri: 'a:2' }));
    replay.answered(request(3, 'resources/unsubscribe', { uri: 'never subscribed' }));
    expect(
      messagesOf(replay)
        .slice(1)
        .map(({ params }) => params),
    ).to.deep.equal([{ uri: 'a:1' }]);
  });

  it('survives a subscription without a URI, which a module may have answered', () => {
    const replay = introduced();
    for (const params of [undefined, {}, { uri: 7 }, { uri: null }])
      replay.answered(request(2, 'resources/subscribe', params));
    expect(messagesOf(replay)).to.have.length(1);
    expect(replay.full).to.equal(false);
  });
});

describe('replay: its limit of 64 Ki characters', () => {
  it('is passed by many subscriptions: the session may not sleep', () => {
    const replay = introduced();
    let number = 0;
    while (!replay.full) replay.answered(request(2, 'resources/subscribe', { uri: long(number++) }));
    // Each is in its message twice: as the URI and in the id.
    expect(number).to.be.within(30, 36);
    const chars = replay.messages().join('').length;
    expect(chars).to.be.within(LIMIT_CHARS, LIMIT_CHARS + 2_048);
  });

  it('is passed by one message that is longer: it is not kept, and the session may not sleep', () => {
    const long = 'x'.repeat(LIMIT_CHARS);
    const subscribed = introduced();
    subscribed.answered(request(2, 'resources/subscribe', { uri: `a:${long}` }));
    const levelled = introduced();
    levelled.answered(request(2, 'logging/setLevel', { level: 'error', _meta: { long } }));
    const announced = introduced();
    announced.initialized(JSON.stringify({ ...JSON.parse(INITIALIZED), params: { _meta: { long } } }));
    for (const replay of [subscribed, levelled, announced]) {
      expect(replay.messages().join('').length).to.be.below(1_024);
      expect(replay.full).to.equal(true);
    }
    expect(announced.messages()).to.include(INITIALIZED);
  });

  it('counts one subscription once, however often it is made', () => {
    const replay = introduced();
    for (let time = 0; time < 200; time += 1)
      replay.answered(request(2, 'resources/subscribe', { uri: long(1) }));
    expect(replay.full).to.equal(false);
  });

  it('is kept again when enough was taken back', () => {
    const replay = introduced();
    let number = 0;
    while (!replay.full) replay.answered(request(2, 'resources/subscribe', { uri: long(number++) }));
    replay.answered(request(3, 'resources/unsubscribe', { uri: long(0) }));
    expect(replay.full).to.equal(false);
  });

  it('once something was not remembered holds for good: a thread that went would take it along', () => {
    const replay = introduced();
    let number = 0;
    while (!replay.full) replay.answered(request(2, 'resources/subscribe', { uri: long(number++) }));
    replay.answered(request(2, 'resources/subscribe', { uri: 'a:late' }));
    expect(replay.messages().join()).to.not.include('a:late');
    while (number > 0) replay.answered(request(3, 'resources/unsubscribe', { uri: long(--number) }));
    expect(replay.full).to.equal(true);
  });
});

function introduced(): Replay {
  const replay = new Replay();
  replay.initialize(request(1, 'initialize', {}));
  return replay;
}

/** A URI of about 1 Ki characters. */
function long(number: number): string {
  return `a:${number}-${'x'.repeat(950)}`;
}

function request(id: number, method: string, params: unknown): ClientRequest {
  const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
  return {
    kind: 'request',
    stateless: false,
    replyId: id,
    id,
    method,
    tool: undefined,
    fastPath: false,
    progressToken: undefined,
    params: undefined,
    body,
  };
}

function messagesOf(replay: Replay): { id?: string; method: string; params?: unknown }[] {
  return replay.messages().map((body) => JSON.parse(body) as { method: string });
}
