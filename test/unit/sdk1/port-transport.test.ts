/** The transport of a session's thread, between a real server of the SDK and what the main thread sends and receives. */
import { EmptyResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';
import * as z from 'zod/v4';
import type { SendFrame } from '../../../src/shared/frames/from-worker.js';
import type { UnpacedFrame } from '../../../src/shared/frames/unpaced.js';
import type { RequestId } from '../../../src/shared/request-id.js';
import type { SessionContext } from '../../../src/shared/session-context.js';
import { ModuleLog } from '../../../workers/session/module-log.js';
import type { Extra } from '../../../workers/session/sdk1/call-handlers.js';
import { createMcpServer } from '../../../workers/session/sdk1/mcp-server.js';
import { PortTransport } from '../../../workers/session/sdk1/port-transport.js';
import {
  installToolExecutor,
  SessionAwareToolExecutor,
} from '../../../workers/session/sdk1/tool-executor.js';
import type { TransportOwner } from '../../../workers/session/session-server.js';
import { withDeadline } from '../../support/deadline.js';
import { settle } from '../../support/fake-clock.js';
import { contextOf } from '../metrics/fake-gateway.js';

const WINDOW_CHARS = 1024 * 1024;
const MAX_MESSAGE_CHARS = 32 * 1024 * 1024;

class Owner implements TransportOwner {
  readonly handleTools = undefined;
  left(): undefined {}
  given(): void {}
  readonly #log: ModuleLog;
  readonly lists = undefined;
  readonly fastPath: boolean;
  readonly tools = undefined;
  readonly posted: SendFrame[] = [];
  readonly unpaced: UnpacedFrame[] = [];
  closes = 0;
  #waiting: { matches: (frame: SendFrame) => boolean; resolve: (frame: SendFrame) => void }[] = [];

  constructor(showsStacks: boolean, fastPath: boolean) {
    this.#log = new ModuleLog(() => {}, showsStacks);
    this.fastPath = fastPath;
  }

  stackOf(thrown: unknown): string | undefined {
    return this.#log.stackOf(thrown);
  }

  post(frame: SendFrame): void {
    this.posted.push(frame);
    for (const { matches, resolve } of this.#waiting) if (matches(frame)) resolve(frame);
    this.#waiting = this.#waiting.filter(({ matches }) => !matches(frame));
  }

  postUnpaced(frame: UnpacedFrame): void {
    this.unpaced.push(frame);
  }

  onClosed(): void {
    this.closes += 1;
  }

  /** The frame with the response to this request, once it has been posted. */
  response(id: RequestId): Promise<SendFrame> {
    const matches = (frame: SendFrame): boolean => frame.kind === 'response' && frame.id === id;
    const found = this.posted.find(matches);
    if (found !== undefined) return Promise.resolve(found);
    const posted = new Promise<SendFrame>((resolve) => this.#waiting.push({ matches, resolve }));
    return withDeadline(posted, `the response to ${id}`);
  }
}

interface Given {
  readonly context?: Partial<SessionContext>;
  readonly showsStacks?: boolean;
  readonly fastPath?: boolean;
  /** What the tool `act` does. */
  readonly act?: (extra: Extra) => unknown;
}

/** A server that is connected and has one tool, `act`. */
async function world({ context: given, showsStacks = false, fastPath = false, act }: Given = {}) {
  const context = contextOf(given);
  const owner = new Owner(showsStacks, fastPath);
  const executor = new SessionAwareToolExecutor(context, () => {});
  installToolExecutor(executor);
  const definition = { name: 'test', version: '1', setup() {} };
  const server = createMcpServer(definition, {
    capabilities: { logging: {}, resources: { subscribe: true } },
  });
  server.registerTool(
    'act',
    { inputSchema: { text: z.string().optional() } },
    (async (_arguments: unknown, extra: Extra) => (await act?.(extra)) ?? { content: [] }) as never,
  );
  const transport = new PortTransport(context, owner, executor);
  transport.bind(server);
  await server.connect(transport);
  const deliver = (message: object, simple = false): void =>
    transport.deliver({
      type: 'message',
      stateless: false,
      key: 'the key',
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
      fastPath: simple,
    });
  const call = (id: RequestId, simple = false): Promise<SendFrame> => {
    deliver({ id, method: 'tools/call', params: { name: 'act', arguments: {} } }, simple);
    return owner.response(id);
  };
  return { owner, executor, server, transport, deliver, call };
}

const initialize = (id: RequestId) => ({
  id,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'client', version: '1' },
  },
});

describe('A response in its frame', () => {
  it('is text, and has the id of its request beside it', async () => {
    const { call } = await world();
    for (const id of [0, 7, 'seven'])
      expect(await call(id)).to.deep.equal({
        type: 'send',
        kind: 'response',
        id,
        relatedTo: id,
        body: JSON.stringify({ result: { content: [] }, jsonrpc: '2.0', id }),
      });
  });

  it('is the same through the fast path', async () => {
    const { call } = await world({ fastPath: true });
    const [fast, slow] = [await call(1, true), await call(2)];
    expect(fast).to.deep.equal({ ...slow, id: 1, relatedTo: 1, body: slow.body.replace('"id":2', '"id":1') });
  });

  it('names the failure of a tool and of a request, so that nobody parses the text', async () => {
    const { owner, call, deliver } = await world({
      act: () => {
        throw new Error('the disk is full');
      },
    });
    expect(await call(1)).to.include({ failure: 'tool_error', message: 'the disk is full' });
    deliver({ id: 2, method: 'no/such/method' });
    expect(await owner.response(2)).to.include({ failure: '-32601', message: 'Method not found' });
  });

  it('cuts what it says of a failure', async () => {
    const { call } = await world({ act: () => ({ isError: true, content: text('x'.repeat(10_000)) }) });
    const { message } = await call(1);
    expect(message?.length).to.be.within(400, 510);
  });

  it('has the stack of what a handler threw where the log shows stacks, and only there', async () => {
    const act = (): never => {
      throw new Error('the disk is full');
    };
    for (const showsStacks of [true, false]) {
      const { call } = await world({ showsStacks, act });
      const { stack } = await call(1);
      expect(stack !== undefined, `${showsStacks}`).to.equal(showsStacks);
      if (showsStacks) expect(stack).to.contain('the disk is full').and.contain('port-transport.test');
    }
  });

  it('tells which notifications the server has declared, in the response to initialize', async () => {
    const { owner, deliver, call } = await world();
    deliver(initialize(1));
    const declared = { tools: true, prompts: false, resources: true, logging: true, subscribe: true };
    expect((await owner.response(1)).declared).to.deep.equal(declared);
    expect(await call(2)).to.not.have.property('declared');
  });

  it('is an error response where the result is no JSON, or too long', async () => {
    const results = {
      'cannot be written as JSON': { content: [], structuredContent: { number: 1n } },
      'is too long': { content: text('x'.repeat(MAX_MESSAGE_CHARS)) },
    };
    for (const fastPath of [false, true]) {
      for (const [why, result] of Object.entries(results)) {
        const { call } = await world({ act: () => result, fastPath });
        const { failure, message, body } = await call(1, fastPath);
        expect([failure, message?.includes(why)], `${why}, ${fastPath}`).to.deep.equal(['-32603', true]);
        expect(body.length).to.be.below(1_000);
      }
    }
  });
});

describe('A notification in its frame', () => {
  it('belongs to the request during which its handler sent it', async () => {
    const { owner, server, call } = await world({
      act: ({ sendNotification }) =>
        sendNotification({ method: 'notifications/progress', params: { progressToken: 'a', progress: 0.5 } }),
    });
    await call('seven');
    await server.sendToolListChanged();
    const [progress, , changed] = owner.posted;
    expect(progress).to.include({ kind: 'notification', relatedTo: 'seven', progress: 0.5 });
    expect(changed).to.include({ kind: 'notification', relatedTo: undefined, listChanged: true });
    expect([progress?.listChanged, changed?.progress]).to.deep.equal([undefined, undefined]);
  });

  it('says what it is about in the stateless era, and belongs to no request then', async () => {
    const { owner, server, call } = await world({
      context: { era: 'stateless' },
      act: async ({ sendNotification }) => {
        await sendNotification({ method: 'notifications/tools/list_changed' });
        await sendNotification({ method: 'notifications/resources/updated', params: { uri: 'a:b' } });
      },
    });
    await call('seven');
    await server.sendToolListChanged();
    const [changed, updated, , later] = owner.posted;
    expect(changed).to.include({ topic: 'tools', relatedTo: undefined, listChanged: true });
    expect(updated).to.include({ topic: 'resource:a:b', relatedTo: undefined });
    expect(later).to.include({ topic: 'tools', relatedTo: undefined });
    const { owner: other, call: callOther } = await world({
      act: ({ sendNotification }) => sendNotification({ method: 'notifications/tools/list_changed' }),
    });
    await callOther('seven');
    expect(other.posted[0]).to.include({ relatedTo: 'seven' }).and.not.have.property('topic');
  });

  it('names the request that the server withdraws', async () => {
    const { owner, server } = await world();
    const asked = server.server.request({ method: 'ping' }, EmptyResultSchema, { timeout: 1 });
    expect(await asked.catch((error: Error) => error.message)).to.contain('timed out');
    const [ping, withdrawn] = owner.posted;
    expect([ping?.kind, withdrawn?.kind]).to.deep.equal(['request', 'notification']);
    expect(withdrawn?.id).to.equal(ping?.id).and.not.equal(undefined);
  });

  it('is not sent below the level that the client has set', async () => {
    const { owner, server, deliver } = await world();
    deliver({ id: 1, method: 'logging/setLevel', params: { level: 'error' } });
    await owner.response(1);
    await server.server.sendLoggingMessage({ level: 'info', data: 'unwanted' });
    await server.server.sendLoggingMessage({ level: 'error', data: 'wanted' });
    expect(owner.posted.slice(1).map(({ body }) => JSON.parse(body).params.data)).to.deep.equal(['wanted']);
  });

  it('that is too long is refused, with a sentence for the server module', async () => {
    const { owner, transport } = await world();
    const params = { data: 'x'.repeat(MAX_MESSAGE_CHARS) };
    const send = () => transport.send({ jsonrpc: '2.0', method: 'notifications/x', params });
    expect(send).to.throw(/^notifications\/x is too long: it has \d+ characters/);
    expect(owner.posted).to.deep.equal([]);
  });

  it('has no id where what the server sends as one is none', async () => {
    const { owner, transport } = await world();
    for (const requestId of [null, 1.5, { a: 1 }]) {
      const params = { requestId } as never;
      await transport.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
    }
    expect(owner.posted.map(({ id }) => id)).to.deep.equal([undefined, undefined, undefined]);
  });
});

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

function text(value: string) {
  return [{ type: 'text', text: value }];
}
