/** One session inside its thread: the SDK's server, what runs in it, and its end. */
import type { ServerDefinition } from '../../src/shared/define-server.js';
import { messageOf } from '../../src/shared/errors.js';
import type { FromWorkerFrame, SendFrame } from '../../src/shared/frames/from-worker.js';
import type { ClaimFrame, ToWorkerFrame } from '../../src/shared/frames/to-worker.js';
import type { UnpacedFrame } from '../../src/shared/frames/unpaced.js';
import { ListInquiry } from '../list-inquiry.js';
import type { ToolView } from '../tool-rules.js';
import { Holds } from './holds.js';
import { createMcpServer, type SessionServer } from './sdk1/mcp-server.js';
import { PortTransport, type PortTransportOwner } from './sdk1/port-transport.js';
import { watchingTasks } from './sdk1/tasks.js';
import { installToolExecutor, SessionAwareToolExecutor, trackFallbackHandler } from './sdk1/tool-executor.js';
import { SessionApi } from './session-api.js';
import type { SessionHostOwner } from './session-host-owner.js';
import { StoredState } from './stored-state.js';

/** Frames for the session; the others are for its thread. */
export type HostFrame = Exclude<ToWorkerFrame, { type: 'introduce' | 'claim' | 'ping' | 'code-cache' }>;

export class SessionHost implements PortTransportOwner {
  readonly #owner: SessionHostOwner;
  readonly #definition: ServerDefinition;
  readonly #replay: readonly string[];
  readonly #server: SessionServer;
  readonly #transport: PortTransport;
  readonly #executor: SessionAwareToolExecutor;
  readonly #session: SessionApi;
  readonly #holds: Holds;
  readonly lists: ListInquiry | undefined;
  /** Resolves when `onSleep` has ended; unset before the first attempt. */
  #asleep: Promise<void> | undefined;
  #ending = false;

  constructor(owner: SessionHostOwner, definition: ServerDefinition, claim: ClaimFrame) {
    this.#owner = owner;
    this.#definition = definition;
    this.#replay = claim.replay;
    const { context } = claim;
    const { log, children } = owner;
    const postUnpaced = (frame: FromWorkerFrame): void => owner.postUnpaced(frame);
    const state = new StoredState(claim.state, () => owner.stateUsedKib, postUnpaced);
    this.#holds = new Holds(postUnpaced);
    this.#session = new SessionApi(owner, context, state, this.#holds);
    this.#executor = new SessionAwareToolExecutor(context, ({ key, requestId, cancelled }) => {
      if (cancelled) postUnpaced({ type: 'settled', requestId });
      children.endRequest(key);
      this.#session.requestSettled();
    });
    installToolExecutor(this.#executor);
    this.#server = createMcpServer(definition, watchingTasks(definition.options, this.#holds));
    trackFallbackHandler(this.#server.server);
    if (owner.learns && definition.lists !== 'static') this.lists = this.#inquiry();
    this.#transport = new PortTransport(context, this, this.#executor);
    this.#transport.bind(this.#server);
    // Must work before it is connected, in `setup`, where the SDK would do nothing.
    this.#server.server.close = () => this.#transport.close();
    this.#server.server.onerror = (error) => log.write('session', 'warn', error.message, undefined);
    // A new thread must not repeat the ids of its predecessor's requests to the client: the client may still answer
    // those. The SDK counts from 0 and offers no other way.
    Reflect.set(this.#server.server, '_requestMessageId', claim.firstRequestId);
  }

  get showsStacks(): boolean {
    return this.#owner.log.showsStacks;
  }

  get fastPath(): boolean {
    return this.#owner.fastPath;
  }

  get tools(): ToolView | undefined {
    return this.#owner.tools;
  }

  post(frame: SendFrame): void {
    this.#owner.post(frame);
  }

  postUnpaced(frame: UnpacedFrame): void {
    this.#owner.postUnpaced(frame);
  }

  onClosed(): void {
    if (!this.#ending) this.#owner.post({ type: 'server-closed' });
  }

  /** @throws what the module's `setup` throws. */
  async start(): Promise<void> {
    // As in each call, so that `AsyncLocalStorage.enterWith` in `setup` does not last for all later calls; see
    // fast-path.ts.
    await undefined;
    await this.#definition.setup(this.#server, this.#session.session);
    if (this.#transport.closed) return;
    await this.#server.connect(this.#transport);
    const [introduction, ...rest] = this.#replay;
    // The SDK starts the handler of a notification before that of an earlier request: `notifications/initialized` would
    // find no client and no log level.
    if (introduction !== undefined) {
      const answer = await this.#transport.replay(introduction);
      if (answer !== undefined) this.lists?.introduced(answer);
    }
    const level = rest.find(isLogLevel);
    if (level !== undefined) await this.#transport.replay(level);
    for (const body of rest) if (body !== level) void this.#transport.replay(body);
  }

  receive(frame: HostFrame): void {
    switch (frame.type) {
      case 'message':
        return this.#transport.deliver(frame);
      case 'cancel':
        return this.#transport.cancel(frame.requestId, frame.reason);
      case 'resume':
        throw new TypeError(`no request ${frame.key} is parked`);
      case 'credit':
        return this.#transport.credit(frame.chars);
      case 'sleep':
        this.#asleep = this.#sleep();
        return;
      case 'end':
        void this.#end(frame.reason);
        return;
      default:
        return frame satisfies never;
    }
  }

  #inquiry(): ListInquiry {
    let lastList = 0;
    const { log } = this.#owner;
    return new ListInquiry({
      ask: async (method) => {
        lastList += 1;
        const request = { jsonrpc: '2.0', id: `bulkhead-list-${lastList}`, method };
        const answer = await this.#transport.replay(JSON.stringify(request));
        // The server has been closed.
        return answer ?? new Promise(() => {});
      },
      report: (frame) => this.#owner.post(frame),
      refuse: (reason) =>
        log.write(
          'session',
          'info',
          `the server's lists are not remembered for later sessions: ${reason}`,
          undefined,
        ),
    });
  }

  /**
   * The main thread knows of no work here. The thread decides, because there may be work that the main thread has not
   * heard of yet.
   */
  async #sleep(): Promise<void> {
    const owner = this.#owner;
    if (this.#holds.any || this.#executor.busy || this.#transport.busy)
      return owner.post({ type: 'stay-awake' });
    try {
      await this.#definition.onSleep?.(this.#session.session);
    } catch (error) {
      owner.log.write(
        'session',
        'error',
        `the server module's onSleep failed: ${messageOf(error)}`,
        undefined,
      );
    }
    await this.#session.flush();
    owner.post({ type: 'ended' });
  }

  /** If anything goes wrong here, the main thread's deadline still ends the thread. */
  async #end(reason: string): Promise<void> {
    this.#ending = true;
    this.lists?.close();
    this.#session.end(reason);
    void this.#owner.children.endAll();
    await this.#asleep;
    this.#executor.allCancelled();
    // Closing the server aborts the signal of every handler.
    await this.#server.close();
    await this.#executor.idle();
    await this.#session.flush();
    this.#owner.post({ type: 'ended' });
  }
}

/** `Replay` on the main thread writes this message. */
function isLogLevel(body: string): boolean {
  return (JSON.parse(body) as { readonly method?: unknown }).method === 'logging/setLevel';
}
