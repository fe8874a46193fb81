/** A server that the gateway has not made, between real servers of either SDK and what the main thread sends and receives. */
import { McpServer as McpServer1 } from '@modelcontextprotocol/sdk/server/mcp.js';
import { McpServer as McpServer2 } from '@modelcontextprotocol/server';
import { expect } from 'chai';
import type {
  ConnectableServer,
  ServerMessage,
  ServerTransport,
  Session,
} from '../../../src/shared/define-server.js';
import type { FromWorkerFrame, SendFrame } from '../../../src/shared/frames/from-worker.js';
import { ListViews } from '../../../workers/list-views.js';
import { AnyServer } from '../../../workers/session/any-server/any-server.js';
import { currentRequestKey, type Run } from '../../../workers/session/current-request.js';
import { Holds } from '../../../workers/session/holds.js';
import type { SessionServerOwner } from '../../../workers/session/session-server.js';
import { settle } from '../../support/fake-clock.js';
import { contextOf } from '../metrics/fake-gateway.js';

const WINDOW_CHARS = 1024 * 1024;
const FIRST_ID = 7_000_000;

class Owner implements SessionServerOwner {
  stackOf(): undefined {
    return undefined;
  }

  readonly fastPath = false;
  readonly tools = undefined;
  readonly lists = undefined;
  readonly handleTools = undefined;
  readonly views = new ListViews();
  readonly holds = new Holds(() => {});
  readonly posted: SendFrame[] = [];
  readonly settled: Pick<Run, 'requestId' | 'cancelled'>[] = [];
  readonly errors: string[] = [];
  closes = 0;

  left(): undefined {}

  given(): void {}

  post(frame: FromWorkerFrame): void {
    if (frame.type === 'send') this.posted.push(frame);
  }

  onClosed(): void {
    this.closes += 1;
  }

  onSettled({ requestId, cancelled }: Run): void {
    this.settled.push({ requestId, cancelled });
  }

  onError(error: Error): void {
    this.errors.push(error.message);
  }

  /** What was sent, without its envelope. */
  get messages(): Record<string, unknown>[] {
    return this.posted.map(({ body }) => {
      const { jsonrpc, ...message } = JSON.parse(body);
      expect(jsonrpc).to.equal('2.0');
      return message;
    });
  }
}

async function world(server: ConnectableServer) {
  const owner = new Owner();
  const definition = { createServer: () => server };
  const session = new AnyServer(definition, contextOf(), FIRST_ID, owner);
  await session.start({} as Session);
  const deliver = (message: object, key = 'r-1'): void => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    session.transport.deliver({ type: 'message', key, body, fastPath: false, stateless: false });
  };
  return { owner, session, deliver };
}

/** An own server, which leaves its transport to the test. */
async function bare(onmessage: (message: ServerMessage) => unknown = () => {}) {
  let transport!: ServerTransport;
  const connected = await world({
    connect: (given: ServerTransport) => {
      transport = given;
      transport.onmessage = onmessage;
      return transport.start();
    },
  });
  const send = (message: object, options?: { relatedRequestId: number }) =>
    transport.send({ jsonrpc: '2.0', ...message }, options);
  return { ...connected, transport, send };
}

const initialize = {
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'client', version: '1' },
  },
};

describe('a server of either SDK', () => {
  const servers: Readonly<Record<string, () => ConnectableServer>> = {
    'version 1': () => {
      const server = new McpServer1({ name: 'one', version: '1' });
      server.registerTool('key', {}, () => ({
        content: [{ type: 'text', text: String(currentRequestKey()) }],
      }));
      return server;
    },
    'version 2': () => {
      const server = new McpServer2({ name: 'two', version: '2' });
      server.registerTool('key', {}, () => ({
        content: [{ type: 'text', text: String(currentRequestKey()) }],
      }));
      return server;
    },
  };

  for (const [version, make] of Object.entries(servers)) {
    it(`is connected as it is, and knows the request that it serves: ${version}`, async () => {
      const { owner, deliver } = await world(make());
      deliver(initialize);
      deliver({ id: 1, method: 'tools/call', params: { name: 'key', arguments: {} } }, 'r-7');
      await settle();
      await settle();
      const [introduction, call] = owner.posted;
      expect(introduction?.declared).to.deep.include({ tools: true });
      expect(call).to.deep.include({ kind: 'response', id: 1, relatedTo: 1 });
      expect(JSON.parse(call?.body ?? '').result.content).to.deep.equal([{ type: 'text', text: 'r-7' }]);
      expect(owner.settled).to.have.length(2);
    });
  }
});

describe('the transport of a server that the gateway has not made', () => {
  it("gives the server's requests ids of the session, and their answers the server's ids", async () => {
    const received: ServerMessage[] = [];
    const { owner, send, deliver, session } = await bare((message) => void received.push(message));
    await send({ id: 'a', method: 'roots/list' });
    await send({ id: 'a', method: 'ping' });
    expect(owner.messages).to.deep.equal([
      { id: FIRST_ID, method: 'roots/list' },
      { id: FIRST_ID + 1, method: 'ping' },
    ]);
    expect(session.transport.asks).to.equal(true);
    deliver({ id: FIRST_ID, result: { roots: [] } });
    // It answers what an earlier server of the session has asked.
    deliver({ id: 3, result: {} });
    deliver({ id: FIRST_ID + 1, result: {} });
    expect(received).to.deep.equal([
      { jsonrpc: '2.0', id: 'a', result: { roots: [] } },
      { jsonrpc: '2.0', id: 'a', result: {} },
    ]);
    expect(session.transport.asks).to.equal(false);
  });

  it('withdraws a request of the server, and only one that waits', async () => {
    const { owner, send, session } = await bare();
    await send({ id: 5, method: 'sampling/createMessage' });
    await send({ method: 'notifications/cancelled', params: { requestId: 6 } });
    await send({ method: 'notifications/cancelled', params: { requestId: 5, reason: 'late' } });
    expect(owner.messages.slice(1)).to.deep.equal([
      { method: 'notifications/cancelled', params: { requestId: FIRST_ID, reason: 'late' } },
    ]);
    expect(session.transport.asks).to.equal(false);
  });

  it('knows to which request of the client a message belongs, whether the server says so or not', async () => {
    const done: Promise<void>[] = [];
    const { owner, send, deliver } = await bare(({ id, method }) => {
      if (method !== 'tools/call') return;
      done.push(
        (async () => {
          await undefined;
          await send({ method: 'notifications/message', params: { level: 'info', data: 'x' } });
          await send({ id: 1, method: 'elicitation/create' });
          await send({ method: 'notifications/tools/list_changed' });
          await send({ method: 'notifications/progress', params: {} }, { relatedRequestId: 9 });
          await send({ id, result: {} });
          // Nobody waited for this.
          await send({ method: 'notifications/message', params: { level: 'info', data: 'late' } });
        })(),
      );
    });
    deliver({ id: 4, method: 'tools/call' });
    await Promise.all(done);
    expect(owner.posted.map(({ relatedTo }) => relatedTo)).to.deep.equal([4, 4, undefined, 9, 4, undefined]);
    expect(owner.posted[2]).to.deep.include({ listChanged: true });
  });

  it('keeps back log messages of a lower level than the client has asked for, once the server agrees', async () => {
    let agrees = false;
    const { owner, send, deliver } = await bare(({ id }) => {
      const refused = { error: { code: -32601, message: 'no' } };
      return send({ id, ...(agrees ? { result: {} } : refused) });
    });
    const log = (level: string) => send({ method: 'notifications/message', params: { level, data: level } });
    deliver({ id: 1, method: 'logging/setLevel', params: { level: 'error' } });
    await log('info');
    agrees = true;
    deliver({ id: 2, method: 'logging/setLevel', params: { level: 'error' } });
    for (const level of ['info', 'warning', 'error', 'alert']) await log(level);
    const logged = owner.messages.filter(({ method }) => method === 'notifications/message');
    expect(logged.map(({ params }) => (params as { level: string }).level)).to.deep.equal([
      'info',
      'error',
      'alert',
    ]);
  });

  it('tells the server of a cancel, sends no answer any more, and settles when everything due has run', async () => {
    const received: ServerMessage[] = [];
    const { owner, send, deliver, session } = await bare((message) => void received.push(message));
    deliver({ id: 1, method: 'tools/call' });
    session.transport.cancel(1, 'the client has cancelled it');
    session.transport.cancel(2, 'nobody has asked this');
    expect(received.slice(1)).to.deep.equal([
      {
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: 1, reason: 'the client has cancelled it' },
      },
    ]);
    expect(owner.settled).to.deep.equal([]);
    expect(session.busy).to.equal(true);
    await send({ id: 1, result: {} });
    await settle();
    expect(owner.settled).to.deep.equal([{ requestId: 1, cancelled: true }]);
    expect(owner.posted).to.deep.equal([]);
    expect(session.busy).to.equal(false);
  });

  for (const [how, onmessage] of Object.entries({
    throws: () => {
      throw new Error('no such method');
    },
    rejects: async () => {
      throw new Error('no such method');
    },
  })) {
    it(`answers for a server whose onmessage ${how}`, async () => {
      const { owner, deliver } = await bare(onmessage);
      deliver({ id: 1, method: 'tools/call' });
      await settle();
      expect(owner.messages).to.deep.equal([{ id: 1, error: { code: -32603, message: 'no such method' } }]);
      deliver({ method: 'notifications/initialized' });
      await settle();
      expect(owner.errors).to.deep.equal(["the server's onmessage failed: no such method"]);
    });
  }

  it('sends one answer for each request, and an error for one that is no JSON', async () => {
    const { owner, send, deliver } = await bare();
    deliver({ id: 1, method: 'tools/call' });
    await send({ id: 1, result: { size: 1n } });
    await send({ id: 1, result: {} });
    await send({ id: 2, result: {} });
    expect(owner.messages).to.have.length(1);
    expect(owner.posted[0]).to.deep.include({ id: 1, failure: '-32603' });
  });

  it('answers with an error for a server that gives neither a result nor an error', async () => {
    const { owner, send, deliver } = await bare();
    for (const answer of [{}, { result: undefined, method: undefined }, { error: null }]) {
      deliver({ id: 1, method: 'tools/call' });
      await send({ id: 1, ...answer });
    }
    const error = { code: -32603, message: 'The server answered with neither a result nor an error.' };
    expect(owner.messages).to.deep.equal([1, 1, 1].map((id) => ({ id, error })));
  });

  it('takes a message whose id is undefined for a notification', async () => {
    const { owner, send, session } = await bare();
    await send({ id: undefined, method: 'notifications/tools/list_changed' });
    expect(owner.posted[0]).to.deep.include({ kind: 'notification', listChanged: true });
    expect(session.busy).to.equal(false);
  });

  it('refuses what is no message', async () => {
    const { transport, owner } = await bare();
    for (const wrong of [undefined, null, 'text'])
      expect(await failure(transport.send(wrong as never))).to.match(/a message is an object/);
    expect(owner.posted).to.deep.equal([]);
  });

  it('lets the server wait while its client does not read', async () => {
    const { owner, send, session } = await bare();
    await send({ method: 'notifications/message', params: { data: 'x'.repeat(WINDOW_CHARS) } });
    let sent = false;
    const waiting = send({ method: 'notifications/message', params: { data: 'later' } }).then(() => {
      sent = true;
    });
    await settle();
    expect(sent).to.equal(false);
    expect(session.busy).to.equal(true);
    session.transport.credit(owner.posted[0]?.body.length ?? 0);
    await waiting;
    expect(owner.posted).to.have.length(2);
  });

  it('ends the session when the server closes it, and says nothing after that', async () => {
    const { owner, transport, send, deliver } = await bare();
    let closed = 0;
    transport.onclose = () => {
      closed += 1;
    };
    await transport.close();
    await transport.close();
    expect([owner.closes, closed]).to.deep.equal([1, 1]);
    await send({ method: 'notifications/message', params: { data: 'x' } });
    deliver({ id: 1, method: 'tools/call' });
    expect(owner.posted).to.deep.equal([]);
  });
});

describe('a server whose connect waits for its client', () => {
  it('receives messages as soon as it has started its transport', async () => {
    let initialized!: () => void;
    const { owner, deliver } = await world({
      async connect(transport) {
        const waits = new Promise<void>((resolve) => {
          initialized = resolve;
        });
        transport.onmessage = ({ id }) => {
          initialized();
          void transport.send({ jsonrpc: '2.0', id, result: {} });
        };
        await transport.start();
        await waits;
      },
    });
    deliver(initialize);
    expect(owner.messages).to.deep.equal([{ id: 0, result: {} }]);
  });

  it('ends the session if connect fails later, and the log says why', async () => {
    let fail!: (error: Error) => void;
    const { owner } = await world({
      connect(transport) {
        transport.onmessage = () => {};
        void transport.start();
        return new Promise((_resolve, reject) => {
          fail = reject;
        });
      },
    });
    fail(new Error('the database is gone'));
    await settle();
    expect(owner.errors).to.deep.equal(["the server's connect() failed: the database is gone"]);
    expect(owner.closes).to.equal(1);
  });
});

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'it was sent',
    (error: Error) => error.message,
  );
}
