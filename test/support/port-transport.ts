/** A real server of the SDK behind the transport of a session's thread, and what that posts to the main thread. */
import * as z from 'zod/v4';
import type { SendFrame } from '../../src/shared/frames/from-worker.js';
import type { UnpacedFrame } from '../../src/shared/frames/unpaced.js';
import type { RequestId } from '../../src/shared/request-id.js';
import type { SessionContext } from '../../src/shared/session-context.js';
import { ListViews } from '../../workers/list-views.js';
import { ModuleLog } from '../../workers/session/module-log.js';
import type { Extra } from '../../workers/session/sdk1/call-handlers.js';
import { createMcpServer } from '../../workers/session/sdk1/mcp-server.js';
import { PortTransport } from '../../workers/session/sdk1/port-transport.js';
import { installToolExecutor, SessionAwareToolExecutor } from '../../workers/session/sdk1/tool-executor.js';
import type { TransportOwner } from '../../workers/session/session-server.js';
import { contextOf } from '../unit/metrics/fake-gateway.js';
import { withDeadline } from './deadline.js';

export class Owner implements TransportOwner {
  readonly handleTools = undefined;
  readonly views = new ListViews();
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

  post(frame: SendFrame | UnpacedFrame): void {
    if (frame.type !== 'send') {
      this.unpaced.push(frame);
      return;
    }
    this.posted.push(frame);
    for (const { matches, resolve } of this.#waiting) if (matches(frame)) resolve(frame);
    this.#waiting = this.#waiting.filter(({ matches }) => !matches(frame));
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
export async function world({ context: given, showsStacks = false, fastPath = false, act }: Given = {}) {
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

export const initialize = (id: RequestId) => ({
  id,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'client', version: '1' },
  },
});
