/** One session inside its thread: its server, what runs in it, and its end. */
import {
  type DeclaredNotifications,
  declaredNotifications,
} from '../../src/shared/declared-notifications.js';
import type { ServerDefinition } from '../../src/shared/define-server.js';
import { messageOf } from '../../src/shared/errors.js';
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import type { ClaimFrame, ToWorkerFrame } from '../../src/shared/frames/to-worker.js';
import type { UnpacedFrame } from '../../src/shared/frames/unpaced.js';
import type { HandleTools } from '../../src/shared/handle-tools.js';
import { ListInquiry } from '../list-inquiry.js';
import { ListViews } from '../list-views.js';
import { GivenTools } from '../listed-tools.js';
import { LeftBehind } from '../stateless/left-behind.js';
import { PassingState } from '../stateless/passing-state.js';
import type { ToolView } from '../tool-rules.js';
import { AnyServer } from './any-server/any-server.js';
import type { Run } from './current-request.js';
import { Holds } from './holds.js';
import { Sdk1Server } from './sdk1/sdk1-server.js';
import type { PacedFrame } from './send-window.js';
import { SessionApi } from './session-api.js';
import type { SessionHostOwner } from './session-host-owner.js';
import type { SessionServer, SessionServerOwner } from './session-server.js';
import { StoredState } from './stored-state.js';

/** Frames for the session; the others are for its thread. */
export type HostFrame = Exclude<
  ToWorkerFrame,
  { type: 'introduce' | 'environment' | 'claim' | 'ping' | 'code-cache' }
>;

export class SessionHost implements SessionServerOwner {
  readonly #owner: SessionHostOwner;
  readonly #definition: ServerDefinition;
  readonly #replay: readonly string[];
  readonly handleTools: HandleTools | undefined;
  readonly #server: SessionServer;
  readonly #session: SessionApi;
  readonly holds: Holds;
  readonly views = new ListViews();
  readonly lists: ListInquiry | undefined;
  /** What its server has answered to `initialize` in a replay. */
  declared: DeclaredNotifications | undefined;
  /** Resolves when `onSleep` has ended; unset before the first attempt. */
  #asleep: Promise<void> | undefined;
  /** The next two only where a request has its worker to itself. */
  readonly #leftBehind: LeftBehind | undefined;
  readonly #passing: PassingState | undefined;
  /** Unset before the first list. */
  #given: GivenTools | undefined;
  #ending = false;

  constructor(owner: SessionHostOwner, definition: ServerDefinition, claim: ClaimFrame) {
    this.#owner = owner;
    this.#definition = definition;
    this.#replay = claim.replay;
    this.handleTools = claim.handleTools;
    const { context } = claim;
    const post = (frame: FromWorkerFrame): void => owner.post(frame);
    const single = context.era === 'stateless' && context.affinity === 'request';
    if (single) this.#passing = new PassingState(owner.log);
    if (single) this.#leftBehind = new LeftBehind();
    const state = this.#passing ?? new StoredState(claim.state, () => owner.stateUsedKib, post);
    this.holds = new Holds(post);
    this.#session = new SessionApi(owner, context, state, this.holds);
    if (owner.learns && definition.lists !== 'static') this.lists = this.#inquiry();
    this.lists?.claimed(claim);
    const { firstRequestId } = claim;
    this.#server =
      definition.createServer === undefined
        ? new Sdk1Server(definition, context, firstRequestId, this)
        : new AnyServer(definition, context, firstRequestId, this);
  }

  stackOf(thrown: unknown): string | undefined {
    return this.#owner.log.stackOf(thrown);
  }

  get fastPath(): boolean {
    return this.#owner.fastPath;
  }

  given(tools: unknown): void {
    this.#given ??= new GivenTools((frame) => this.#owner.post(frame));
    this.#given.given(tools);
  }

  left(): readonly string[] | undefined {
    return this.#leftBehind?.left();
  }

  get tools(): ToolView | undefined {
    return this.#owner.tools;
  }

  /** Tools whose input schema no client is shown. */
  get hiddenSchemas(): readonly string[] {
    return this.#server.hiddenSchemas;
  }

  post(frame: PacedFrame | UnpacedFrame): void {
    this.#owner.post(frame);
  }

  onSettled({ key, requestId, cancelled }: Run): void {
    if (cancelled) this.#owner.post({ type: 'settled', requestId });
    this.#owner.children.endRequest(key);
    this.#passing?.clear();
    this.#session.requestSettled();
  }

  onError(error: Error): void {
    this.#owner.log.failed('warn', error.message, error);
  }

  onClosed(): void {
    if (!this.#ending) this.#owner.post({ type: 'server-closed' });
  }

  /** @throws what the module's `setup` or `createServer` throws, or an error that says what is wrong with its server. */
  async start(): Promise<void> {
    // As in each call, so that `AsyncLocalStorage.enterWith` in `setup` does not last for all later calls; see
    // fast-path.ts.
    await undefined;
    if (!(await this.#server.start(this.#session.session))) return;
    const [introduction, ...rest] = this.#replay;
    // The SDK starts the handler of a notification before that of an earlier request: `notifications/initialized` would
    // find no client and no log level.
    if (introduction !== undefined) {
      const answer = await this.#server.transport.replay(introduction);
      if (answer !== undefined) this.lists?.introduced(answer);
      if (answer !== undefined && 'result' in answer.message)
        this.declared = declaredNotifications(answer.message.result);
    }
    const level = rest.find(isLogLevel);
    if (level !== undefined) await this.#server.transport.replay(level);
    for (const body of rest) if (body !== level) void this.#server.transport.replay(body);
    this.#leftBehind?.begin();
  }

  receive(frame: HostFrame): void {
    switch (frame.type) {
      case 'message':
        return this.#server.transport.deliver(frame);
      case 'view':
        return this.views.expect(frame);
      case 'cancel':
        this.views.forget(frame.requestId);
        return this.#server.transport.cancel(frame.requestId, frame.reason);
      case 'resume':
        return this.#server.transport.resume(frame);
      case 'credit':
        return this.#server.transport.credit(frame.chars);
      case 'sleep':
        this.#asleep = this.#sleep(frame.insists);
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
      ask: async (method, params) => {
        lastList += 1;
        const request = { jsonrpc: '2.0', id: `bulkhead-list-${lastList}`, method, params };
        const answer = await this.#server.transport.replay(JSON.stringify(request));
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
  async #sleep(insists: boolean): Promise<void> {
    const owner = this.#owner;
    const server = this.#server;
    if (server.busy || (!insists && (server.transport.asks || this.holds.any)))
      return owner.post({ type: 'stay-awake' });
    try {
      await this.#definition.onSleep?.(this.#session.session);
    } catch (error) {
      owner.log.failed('error', `the server module's onSleep failed: ${messageOf(error)}`, error);
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
    await this.#server.close();
    await this.#session.flush();
    this.#owner.post({ type: 'ended' });
  }
}

/** `Replay` on the main thread writes this message. */
function isLogLevel(body: string): boolean {
  return (JSON.parse(body) as { readonly method?: unknown }).method === 'logging/setLevel';
}
