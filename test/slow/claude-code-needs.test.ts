/**
 * The six points at the end of what was observed of Claude Code as an HTTP client: what it needs from a server so that
 * none of its calls hangs. One test for each point.
 */
import { expect } from 'chai';
import { once } from '../support/events.js';
import { expectError, expectGrowing, expectRejection, progressOf } from '../support/expectations.js';
import {
  connectedClient,
  type Gateway,
  type GatewayOptions,
  rawClient,
  startGateway,
} from '../support/gateway.js';
import {
  initializeRequest,
  type JsonRpcMessage,
  type RawClient,
  textOf,
  toolCall,
} from '../support/raw-client.js';

const FOR_LONG = 60_000;
/** Claude Code sends one with every call. */
const progressToken = 'claude';

/** Something that ends a running call without the tool's own answer. */
interface Ending {
  readonly what: string;
  readonly tool: string;
  readonly options?: GatewayOptions;
  /** Causes the ending; what it returns is awaited at the end. */
  readonly act?: (gateway: Gateway, client: RawClient, id: string) => Promise<unknown>;
}

const cancel = async (_gateway: Gateway, client: RawClient, requestId: string) =>
  client.notify('notifications/cancelled', { requestId, reason: 'Esc' });

const ENDINGS: readonly Ending[] = [
  { what: 'the client cancels', tool: 'slow', act: cancel },
  { what: 'the client cancels and the handler goes on', tool: 'stubborn', act: cancel },
  { what: 'the client cancels and the thread spins', tool: 'spin', act: cancel },
  { what: 'the thread crashes', tool: 'crash_throw' },
  { what: 'the thread exits', tool: 'exit' },
  {
    what: 'the thread is killed because of another call',
    tool: 'slow',
    act: async (gateway, client) => {
      const spin = await client.openCall('spin', {}, { id: 'spin' });
      await cancel(gateway, client, 'spin');
      await spin.stream.ended;
    },
  },
  {
    what: 'the session ends',
    tool: 'slow',
    act: (gateway, client) => gateway.endSession(client.sessionId ?? ''),
  },
  {
    what: 'the gateway drains',
    tool: 'slow',
    options: { drainTimeout: '100ms' },
    act: (gateway) => gateway.close(),
  },
];

describe('What Claude Code needs', () => {
  it('1. a call that is not answered within a few tens of milliseconds becomes an SSE stream at once', async () => {
    const client = await connectedClient(await startGateway());
    const sentAtMs = performance.now();
    const { stream } = await client.openCall('slow', { ms: FOR_LONG }, { progressToken });
    const first = await stream.next();
    // Long before the answer, and before the first heartbeat or keep-alive comment.
    expect(first.atMs - sentAtMs, 'milliseconds until the first event').to.be.below(5_000);
    expect(first.id).to.be.a('string').that.is.not.equal('');
    expect(first.retry).to.be.a('number');
  });

  it('2. keep-alives on every open stream, and progress for a silent call, also while its thread spins', async () => {
    const gateway = await startGateway({ sseAfter: '20ms', keepAlive: '50ms', progressHeartbeat: '100ms' });
    const client = await connectedClient(gateway);
    const { stream: get } = await client.get();
    const { stream: post } = await client.openCall('spin', { ms: 800 }, { progressToken });
    await post.ended;
    expect(get.comments.length, 'comments on the GET stream').to.be.at.least(5);
    expect(post.comments.length, 'comments on the POST stream').to.be.at.least(5);
    const progress = progressOf(post.messages, progressToken);
    expect(progress.length).to.be.at.least(3);
    expectGrowing(progress);
  });

  it("3. no call's stream ever ends without a response for its id, whatever ends the call", async () => {
    for (const { what, tool, options, act } of ENDINGS) {
      const gateway = await startGateway({ sseAfter: '20ms', cancelGrace: '100ms', ...options });
      const client = await connectedClient(gateway);
      const started = once(gateway.events, 'request-started', (request) => request.tool === tool);
      const { exchange } = client.startCall(tool, argumentsOf(tool), { id: 'call', progressToken });
      await started;
      const response = await exchange.response;
      const ending = act?.(gateway, client, 'call');
      const answer: JsonRpcMessage = await response.answer('call');
      expect(answer.id, what).to.equal('call');
      expectError(answer);
      if (response.isEventStream) expect(await response.stream.ended, what).to.equal('end');
      await ending;
      await gateway.kill();
    }
  });

  it('4. a resume after a restart is answered with an error for the very request it waits for', async () => {
    const before = await startGateway({ sseAfter: '20ms' });
    const client = await connectedClient(before);
    const { stream } = await client.openCall('slow', { ms: FOR_LONG }, { id: 'waiting', progressToken });
    const { id: eventId } = await stream.next(({ id }) => id !== undefined);
    await before.kill();

    const after = await startGateway();
    const comeback = rawClient(after);
    comeback.sessionId = client.sessionId;
    comeback.protocolVersion = client.protocolVersion;
    const response = await comeback.get({}, eventId);
    expect(response.status).to.equal(200);
    const answer = await response.answer('waiting');
    expect(answer.id).to.equal('waiting');
    expectError(answer);
    expect(await response.stream.ended).to.equal('end');
  });

  it('5. 404 for an unknown session, 503 for too many, and a JSON-RPC error over 200 inside of one', async () => {
    const gateway = await startGateway({ maxSessions: 1, maxRequestsPerSession: 1 });
    const client = await connectedClient(gateway);
    const stranger = rawClient(gateway);
    const call = toolCall(1, 'echo', { text: 'lost' });
    await expectRejection(await stranger.post(call, { 'mcp-session-id': 'from-before-the-restart' }), 404);
    await expectRejection(await stranger.post(initializeRequest(1)), 503);

    const running = client.startCall('slow', { ms: 300 }, { progressToken });
    const opened = await running.exchange.response;
    const response = await client.post(toolCall('over', 'echo', { text: 'over' }));
    expect(response.status).to.equal(200);
    const answer = await response.answer('over');
    expectError(answer);
    expect(answer.error?.message, 'a sentence that a model can use').to.include('in flight');
    expect(textOf(await opened.answer(running.id))).to.equal('waited 300');
  });

  it('6. sessions are reaped by presence, and an orphan that was never used goes early', async () => {
    const gateway = await startGateway({
      sessionIdle: '3s',
      disconnectGrace: '50ms',
      cleanupInterval: '20ms',
    });
    const endOf = ({ sessionId }: RawClient) =>
      once(gateway.events, 'session-ended', ({ context }) => context.sessionId === sessionId, 10_000);
    const listener = await connectedClient(gateway);
    const { stream } = await listener.get();
    const user = await connectedClient(gateway);
    await user.call('echo', { text: 'once' });
    const [idle, orphan] = [endOf(user), await connectedClient(gateway)];

    const unused = await endOf(orphan);
    expect(unused.reason).to.equal('unused');
    expect((await idle).reason).to.equal('idle');
    const living = gateway.sessions().filter(({ state }) => state !== 'ending');
    expect(living.map(({ context }) => context.sessionId)).to.deep.equal([listener.sessionId]);

    const left = endOf(listener);
    stream.destroy();
    expect((await left).reason).to.equal('disconnect');
  });
});

function argumentsOf(tool: string): Record<string, unknown> {
  return tool === 'slow' || tool === 'stubborn' ? { ms: FOR_LONG } : {};
}
