/** One artificial session of a server that is tried out: what its server answers to `initialize` and to the lists. */
import { randomUUID } from 'node:crypto';
import {
  ErrorCode,
  LATEST_PROTOCOL_VERSION,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/sdk/types.js';
import type { PortWorker } from '../isolation/port/port-worker.js';
import type { WorkerExit, WorkerOwner } from '../isolation/worker.js';
import { Deadline } from '../shared/deadline.js';
import { declaredNotifications } from '../shared/declared-notifications.js';
import type { SendFrame } from '../shared/frames/from-worker.js';
import { type HandleTools, withHandleTools } from '../shared/handle-tools.js';
import { INITIALIZED_NOTIFICATION } from '../shared/initialized.js';
import { LIST_KINDS, LIST_METHODS } from '../shared/list-methods.js';
import type { RequestId } from '../shared/request-id.js';
import { NOBODY, type SessionContext } from '../shared/session-context.js';
import { discoverResult, type Introduction, introductionIn, statelessResult } from '../shared/stateless.js';
import { SERVED_VERSIONS, STATELESS_VERSION } from '../shared/stateless-protocol.js';
import { type AnswerSlot, answerOf, type CachedAnswer, StaticLists } from './cached-answers.js';
import { type ListDigests, listDigest } from './list-digests.js';

/** A module with more pages than this is assumed never to end. */
const MAX_TOOL_PAGES = 100;
/** The start must not wait silently for a list that never comes. */
export const ANSWER_DEADLINE_MS = 10_000;
/** A list that takes longer is not known, and counts as changed when another version is compared. */
const LIST_DEADLINE_MS = 2_000;

/** As the module gives it. */
export interface ListedTool {
  readonly name?: unknown;
  readonly inputSchema?: unknown;
}

interface Answer {
  readonly result?: { readonly [key: string]: unknown };
  readonly error?: { readonly code: number; readonly message: string };
}

function staticAnswer({ result, error }: Answer): CachedAnswer {
  return error === undefined
    ? answerOf(JSON.stringify(result), undefined)
    : answerOf(JSON.stringify(error), String(error.code));
}

/** A list as it is answered in the stateless era. */
function statelessAnswer(
  method: string,
  { result, error }: Answer,
  introduction: Introduction,
): CachedAnswer {
  if (error !== undefined || result === undefined) return staticAnswer({ ...(error && { error }) });
  return answerOf(JSON.stringify(statelessResult(method, result, introduction, 'lasting')), undefined);
}

export function discoveryOf(initialized: unknown, isStatic: boolean): CachedAnswer {
  const caching = isStatic ? 'lasting' : 'single';
  return answerOf(
    JSON.stringify(discoverResult(introductionIn(initialized), SERVED_VERSIONS, caching)),
    undefined,
  );
}

/** If there are several pages, only the first would be known here; and what failed at start may succeed later. */
function lasts({ result, error }: Answer): boolean {
  return error === undefined ? result?.nextCursor === undefined : error.code === ErrorCode.MethodNotFound;
}

export class TrialSession implements WorkerOwner {
  readonly context: SessionContext;
  readonly #thread: PortWorker;
  readonly #initializeMs: number;
  readonly #waiting = new Map<
    RequestId,
    { resolve: (answer: Answer) => void; reject: (error: Error) => void }
  >();
  readonly #setUp: Promise<void>;
  /** Tools whose input schema the module's SDK may not show, known after `initialize`. */
  hiddenSchemas: readonly string[] = [];
  #markSetUp: () => void = () => {};
  #failSetUp: (error: Error) => void = () => {};
  #lastId = 0;

  /** @param initializeMs how long the server may take to answer `initialize` */
  constructor(thread: PortWorker, server: string, initializeMs = ANSWER_DEADLINE_MS) {
    this.#thread = thread;
    this.#initializeMs = initializeMs;
    this.context = {
      sessionId: `trial-${randomUUID()}`,
      server,
      era: 'session',
      affinity: 'session',
      transport: 'streamable-http',
      client: { name: 'mcp-bulkhead', version: '' },
      protocolVersion: LATEST_PROTOCOL_VERSION,
      userAgent: undefined,
      remoteAddress: undefined,
      principal: 'anonymous',
      identity: NOBODY,
      startedAtMs: Date.now(),
      metadata: {},
    };
    this.#setUp = new Promise((resolve, reject) => {
      this.#markSetUp = resolve;
      this.#failSetUp = reject;
    });
    thread.claim(this, { state: undefined, replay: [], firstRequestId: 0 });
  }

  /** @returns the result of `initialize`. */
  async initialize(): Promise<unknown> {
    const params = this.#introduction(LATEST_PROTOCOL_VERSION);
    const initialized = await this.#ask('initialize', params, this.#initializeMs);
    this.#thread.post({ requestId: undefined, body: INITIALIZED_NOTIFICATION });
    return initialized;
  }

  /** On all pages. */
  async tools(initialized: unknown): Promise<readonly ListedTool[]> {
    const listed: ListedTool[] = [];
    const { capabilities } = initialized as { capabilities?: { tools?: unknown } };
    if (capabilities?.tools === undefined) return listed;
    let cursor: unknown;
    for (let page = 0; page < MAX_TOOL_PAGES; page += 1) {
      const result = await this.#ask('tools/list', cursor === undefined ? {} : { cursor });
      const { tools, nextCursor } = result as { tools?: ListedTool[]; nextCursor?: unknown };
      listed.push(...(tools ?? []));
      if (typeof nextCursor !== 'string') return listed;
      cursor = nextCursor;
    }
    throw new Error(`tools/list gave more than ${MAX_TOOL_PAGES} pages; end it by leaving nextCursor out`);
  }

  /** What its lists say, the first page of each. */
  async lists(initialized: unknown): Promise<ListDigests> {
    const { capabilities = {} } = initialized as { capabilities?: object };
    const methods = LIST_KINDS.filter((kind) => Object.hasOwn(capabilities, kind)).flatMap(
      (kind) => LIST_METHODS[kind],
    );
    const digest = async (method: string): Promise<string | undefined> => {
      try {
        const { result, error } = await this.#answer(method, undefined, LIST_DEADLINE_MS);
        return listDigest(error ?? result);
      } catch {
        // A list is no reason to refuse a server that its sessions may never be asked for.
        return undefined;
      }
    };
    const entries = methods.map(async (method) => [method, await digest(method)] as const);
    return new Map(await Promise.all(entries));
  }

  /** Its answers unchanged, including `Method not found`: a server without prompts has no `prompts/list`. */
  async staticLists(initialized: unknown, added: HandleTools | undefined): Promise<StaticLists> {
    const introductions = new Map<string, CachedAnswer>();
    for (const version of SUPPORTED_PROTOCOL_VERSIONS) {
      introductions.set(version, staticAnswer(await this.#answer('initialize', this.#introduction(version))));
    }
    const lists = new Map<string, CachedAnswer>();
    const statelessLists = new Map<string, CachedAnswer>();
    const introduction = introductionIn(initialized);
    for (const method of LIST_KINDS.flatMap((kind) => LIST_METHODS[kind])) {
      const answer = await this.#answer(method, undefined);
      if (!lasts(answer)) continue;
      lists.set(method, staticAnswer(answer));
      const { result } = answer;
      const shown =
        method === 'tools/list' && added && result ? { result: withHandleTools(result, added) } : answer;
      statelessLists.set(method, statelessAnswer(method, shown, introduction));
    }
    const declared = declaredNotifications(initialized);
    const slots = new Map<string, AnswerSlot>();
    for (const [version, initialize] of introductions)
      slots.set(version, { current: { initialize, lists, declared } });
    const initialize = discoveryOf(initialized, true);
    slots.set(STATELESS_VERSION, { current: { initialize, lists: statelessLists, declared } });
    return new StaticLists(slots);
  }

  onClaimed(_declared?: unknown, hiddenSchemas: readonly string[] = []): void {
    this.hiddenSchemas = hiddenSchemas;
    this.#markSetUp();
  }

  onCloseStream(): void {}

  onReleased(): void {}

  onStayAwake(): void {}

  onInputRequired(): void {}

  onLists(): void {}

  onState(): void {}

  onServerClosed(): void {
    this.#thread.kill('start_failed', 'the server module closed its server before any client had come');
  }

  onSend({ kind, id, body }: SendFrame): void {
    if (kind !== 'response' || id === undefined) return;
    this.#waiting.get(id)?.resolve(JSON.parse(body) as Answer);
  }

  onExit(exit: WorkerExit): number {
    const error = new Error(exit.message);
    this.#failSetUp(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    return this.#waiting.size;
  }

  #introduction(protocolVersion: string): object {
    return { protocolVersion, capabilities: {}, clientInfo: this.context.client };
  }

  async #answer(method: string, params: unknown, withinMs = ANSWER_DEADLINE_MS): Promise<Answer> {
    // `setup` has its own, longer deadline, and its time must not count here.
    await this.#setUp;
    this.#lastId += 1;
    const id = this.#lastId;
    let deadline: Deadline | undefined;
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        const late = `${method} was not answered within ${withinMs / 1000} s`;
        deadline = new Deadline(withinMs, () => reject(new Error(late)), 'again');
        const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
        this.#thread.post({
          requestId: id,
          operation: method,
          key: 'trial',
          body,
          fastPath: false,
          stateless: false,
        });
      });
    } finally {
      deadline?.clear();
      this.#waiting.delete(id);
    }
  }

  async #ask(method: string, params: unknown, withinMs?: number): Promise<unknown> {
    const answer = await this.#answer(method, params, withinMs);
    if (answer.error !== undefined) throw new Error(`${method} failed: ${answer.error.message}`);
    return answer.result;
  }
}
