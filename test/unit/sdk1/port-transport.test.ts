/** The transport of a session's thread, between a real server of the SDK and what the main thread sends and receives. */
import { EmptyResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';
import type { Extra } from '../../../workers/session/sdk1/call-handlers.js';
import type { PortTransport } from '../../../workers/session/sdk1/port-transport.js';
import { withDeadline } from '../../support/deadline.js';
import { settle } from '../../support/fake-clock.js';
import { initialize, type Owner, world } from '../../support/port-transport.js';

const WINDOW_CHARS = 1024 * 1024;

describe('A request to the client', () => {
  it('belongs to the request during which its handler sent it, and asks until it is answered', async () => {
    const { owner, transport, deliver, call } = await world({
      act: async ({ sendRequest }) => {
        await sendRequest({ method: 'ping' }, EmptyResultSchema);
      },
    });
    const called = call(1);
    await settle();
    const [ping] = owner.posted;
    expect(ping).to.include({ kind: 'request', relatedTo: 1 });
    expect(transport.asks).to.equal(true);
    deliver({ id: ping?.id, result: {} });
    expect(transport.asks).to.equal(false);
    expect((await called).failure).to.equal(undefined);
  });
});

describe('The window', () => {
  const notify = (transport: PortTransport, name: string, chars = 0): Promise<void> =>
    transport.send({
      jsonrpc: '2.0',
      method: `notifications/${name}`,
      params: { data: 'x'.repeat(chars) },
    });
  const names = ({ posted }: Owner): string[] =>
    posted.map(({ body }) => JSON.parse(body).method.split('/')[1]);

  it('lets a message wait while more than 1 Mi characters have not left, in order, until there is credit', async () => {
    const { owner, transport } = await world();
    await notify(transport, 'large', WINDOW_CHARS);
    const sent: string[] = [];
    for (const name of ['second', 'third']) void notify(transport, name).then(() => sent.push(name));
    await settle();
    expect([names(owner), sent, transport.busy]).to.deep.equal([['large'], [], true]);
    const [large] = owner.posted;
    transport.credit((large?.body.length ?? 0) - WINDOW_CHARS - 1);
    expect(names(owner), 'one character too many').to.deep.equal(['large']);
    transport.credit(1);
    expect(names(owner)).to.deep.equal(['large', 'second']);
    transport.credit(WINDOW_CHARS);
    await settle();
    expect([names(owner), sent]).to.deep.equal([
      ['large', 'second', 'third'],
      ['second', 'third'],
    ]);
    expect(transport.busy).to.equal(false);
  });

  it('lets results wait as well, also those of the fast path', async () => {
    const { owner, transport, call } = await world({ fastPath: true });
    await notify(transport, 'large', WINDOW_CHARS);
    const called = [call(1), call(2, true)];
    await settle();
    expect(names(owner)).to.deep.equal(['large']);
    transport.credit(2 * WINDOW_CHARS);
    expect((await Promise.all(called)).map(({ id }) => id)).to.deep.equal([1, 2]);
  });
});

describe('A message that an earlier thread of the session has seen', () => {
  it('is handled, and its response is swallowed', async () => {
    const { owner, transport, server } = await world();
    await transport.replay(JSON.stringify({ jsonrpc: '2.0', ...initialize(1) }));
    await transport.replay('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    expect(server.server.getClientVersion()).to.deep.equal({ name: 'client', version: '1' });
    expect(owner.posted).to.deep.equal([]);
  });

  it('swallows one response, not that of a later request with its id', async () => {
    const { owner, transport, call } = await world();
    await transport.replay(JSON.stringify({ jsonrpc: '2.0', ...initialize(1) }));
    await call(1);
    expect(owner.posted.map(({ id }) => id)).to.deep.equal([1]);
  });
});

describe('A call that is cancelled', () => {
  it('aborts its handler’s signal with the reason, and is not answered', async () => {
    for (const fastPath of [false, true]) {
      const signals: AbortSignal[] = [];
      const { owner, executor, transport, deliver } = await world({
        fastPath,
        act: ({ signal }) => {
          signals.push(signal);
          return new Promise((_resolve, reject) => signal.addEventListener('abort', reject));
        },
      });
      deliver({ id: 1, method: 'tools/call', params: { name: 'act', arguments: {} } }, fastPath);
      await settle();
      transport.cancel(1, 'asked for');
      await withDeadline(executor.idle(), 'the handler to settle');
      await settle();
      expect(signals.map(({ aborted }) => aborted)).to.deep.equal([true]);
      expect(owner.posted).to.deep.equal([]);
    }
  });
});

describe('A handler that lets go of its client', () => {
  const act = ({ closeSSEStream, closeStandaloneSSEStream }: Extra): void => {
    closeSSEStream?.();
    closeStandaloneSSEStream?.();
  };

  it('closes the stream of its request, or the standalone one', async () => {
    const { owner, call } = await world({ act });
    await call('seven');
    expect(owner.unpaced).to.deep.equal([
      { type: 'close-stream', requestId: 'seven' },
      { type: 'close-stream', requestId: undefined },
    ]);
  });

  it('cannot do that where its client could not come back', async () => {
    for (const context of [{ protocolVersion: '2025-06-18' }, { transport: 'sse' as const }]) {
      const { owner, call } = await world({ act, context });
      await call(1);
      expect(owner.unpaced).to.deep.equal([]);
    }
  });
});

describe('A server that closes its transport', () => {
  it('is told to its session once, and gets no message more', async () => {
    let calls = 0;
    const { owner, transport, deliver } = await world({
      act: () => {
        calls += 1;
      },
    });
    await transport.close();
    await transport.close();
    expect([owner.closes, transport.closed]).to.deep.equal([1, true]);
    deliver({ id: 1, method: 'tools/call', params: { name: 'act', arguments: {} } });
    await transport.replay(JSON.stringify({ jsonrpc: '2.0', ...initialize(2) }));
    await settle();
    expect([calls, owner.posted.length]).to.deep.equal([0, 0]);
  });
});
