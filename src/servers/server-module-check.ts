/**
 * Tries out the server module before the listener opens: one worker loads it, runs `setup` for an artificial session
 * and lists its tools. What cannot work is found here. The names of the tools become known; only these may become
 * values of a metric label. If the module declares its lists as static, they are kept.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import {
  ErrorCode,
  LATEST_PROTOCOL_VERSION,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/sdk/types.js';
import type { WorkerPool } from '../isolation/pool.js';
import type { PortWorker } from '../isolation/port/port-worker.js';
import { sharedCopy } from '../isolation/port/shared-counters.js';
import type { WorkerExit, WorkerOwner } from '../isolation/worker.js';
import type { CodeCaches } from '../shared/code-caches.js';
import { Deadline } from '../shared/deadline.js';
import { declaredNotifications } from '../shared/declared-notifications.js';
import { messageOf } from '../shared/errors.js';
import { isFields } from '../shared/fields.js';
import type { ModuleTraits, SendFrame } from '../shared/frames/from-worker.js';
import { type HandleTools, withHandleTools } from '../shared/handle-tools.js';
import { type HeaderAnnotations, headerAnnotations } from '../shared/header-params.js';
import { LIST_KINDS, LIST_METHODS } from '../shared/list-methods.js';
import { ModuleKinds } from '../shared/module-kind.js';
import type { RequestId } from '../shared/request-id.js';
import type { SessionContext } from '../shared/session-context.js';
import { discoverResult, type Introduction, introductionIn, statelessResult } from '../shared/stateless.js';
import { SERVED_VERSIONS, STATELESS_VERSION } from '../shared/stateless-protocol.js';
import { StopDeadline } from '../shared/stop-deadline.js';
import { isTypeScript, type TranspiledFiles } from '../shared/typescript/transpile.js';
import { forgetTsconfigs } from '../shared/typescript/tsconfig.js';
import { GatewayEmitter, type GatewayEvents } from '../telemetry/events.js';
import { BundleFiles } from './bundle-files.js';
import type { BundledModule } from './bundle-parts.js';
import { type AnswerSlot, answerOf, type CachedAnswer, StaticLists } from './cached-answers.js';
import { debuggable } from './debuggable-bundle.js';
import { type ListDigests, listDigest } from './list-digests.js';
import { bundleServerModule } from './module-bundle.js';
import type { ModuleEntry } from './server-entry.js';
import { startFailure } from './start-failure.js';
import { transpiledFiles } from './transpiled-files.js';

/** A module with more pages than this is assumed never to end. */
const MAX_TOOL_PAGES = 100;
/** The start must not wait silently for a list that never comes. */
const ANSWER_DEADLINE_MS = 10_000;
const MAX_PRINTED_CHARS = 300;
/** A list that takes longer is not known, and counts as changed when another version is compared. */
const LIST_DEADLINE_MS = 2_000;

export interface CheckedServerModule {
  /** The names of its tools. */
  readonly tools: ReadonlySet<string>;
  /** Which of their arguments callers repeat in headers. */
  readonly headerParams: HeaderAnnotations;
  /** For all later threads. */
  readonly codeCaches: CodeCaches;
  /** The module as one bundle, for all later threads. */
  readonly bundle: BundledModule | undefined;
  /** Its TypeScript files, for all later threads, if there is no bundle. */
  readonly transpiled: TranspiledFiles | undefined;
  /** Why there is no bundle although there might be one. */
  readonly notBundledBecause: string | undefined;
  /** What sessions are answered without a thread, if the module allows it. */
  readonly staticLists: StaticLists | undefined;
  /** What its lists said. */
  readonly lists: ListDigests;
  /** What `server/discover` is answered. */
  readonly discovery: CachedAnswer;
  /** What the module declares about itself. */
  readonly traits: ModuleTraits;
  /** Tools that take arguments which no client is shown. */
  readonly hiddenSchemas: readonly string[];
}

/** For a thread that has answered everything, or that the module blocks. */
const CLOSE_DEADLINE_MS = 2_000;
/**
 * If the check of the bundle fails sooner than this, the files are tried as well, because the bundle may be the cause.
 * A longer check is not repeated.
 */
const SOON_MS = 5_000;

/** A pool without spares and with room for one worker, of the kind that the module's sessions have. */
export type OpenTrialPool = (code: TriedCode, events: GatewayEmitter) => WorkerPool<PortWorker>;

type TriedCode = Pick<CheckedServerModule, 'bundle' | 'transpiled'>;

/** `moduleUrl`: a `file:` URL; `undefined`: the built-in server. */
interface TriedServer extends Pick<ModuleEntry, 'name' | 'moduleUrl'> {
  /** What is added to its tools in the stateless era. */
  handleTools(traits: ModuleTraits): HandleTools | undefined;
}

/**
 * @param bundling whether to bundle the module; otherwise workers import its files
 * @throws {BulkheadError} `ERR_BULKHEAD_SERVER_MODULE` with one sentence if the module cannot be served
 */
export async function checkServerModule(
  server: TriedServer,
  bundling: boolean,
  openPool: OpenTrialPool,
): Promise<CheckedServerModule> {
  const { moduleUrl } = server;
  const tryOut = async (code: TriedCode) => ({ ...(await tryOutIn(openPool, server, code)), ...code });
  const files = new BundleFiles(new ModuleKinds());
  let notBundledBecause: string | undefined;
  let bundle: BundledModule | undefined;
  forgetTsconfigs();
  if (moduleUrl !== undefined && bundling) {
    try {
      bundle = await debuggable(await bundleServerModule(moduleUrl, files));
    } catch (error) {
      notBundledBecause = messageOf(error);
    }
  }
  if (bundle !== undefined) {
    const startedMs = performance.now();
    try {
      return { ...(await tryOut({ bundle, transpiled: undefined })), notBundledBecause };
    } catch (error) {
      if (performance.now() - startedMs > SOON_MS) throw error;
      notBundledBecause = messageOf(error);
    }
  }
  const hasTypeScript =
    moduleUrl !== undefined && (files.hasTypeScript || isTypeScript(fileURLToPath(moduleUrl)));
  const transpiled = hasTypeScript ? await transpiledFiles(moduleUrl) : undefined;
  return { ...(await tryOut({ bundle: undefined, transpiled })), notBundledBecause };
}

async function tryOutIn(
  openPool: OpenTrialPool,
  { name, moduleUrl, handleTools }: TriedServer,
  code: TriedCode,
): Promise<Omit<CheckedServerModule, keyof TriedCode | 'notBundledBecause'>> {
  // A separate emitter, so that the check does not appear in the gateway's metrics and logs.
  const events = new GatewayEmitter();
  const pool = openPool(code, events);
  let printed = '';
  events.on('module-log', ({ message }) => {
    printed = `; the last that it printed: ${message.slice(0, MAX_PRINTED_CHARS)}`;
  });
  let exited: GatewayEvents['thread-exited'][0] | undefined;
  events.on('thread-exited', (event) => {
    exited = event;
  });
  try {
    const thread = await pool.acquire(new AbortController().signal);
    const trial = new TrialSession(thread, name);
    const initialized = await trial.initialize();
    const { traits } = thread;
    if (traits === undefined) throw new Error('its thread has told nothing about it');
    const isStatic = traits.staticLists;
    // What has been compiled by now is in the cache of every thread. With static lists, no session thread will be asked
    // for them.
    const early = isStatic ? await codeCaches(thread) : undefined;
    const listed = await trial.tools(initialized);
    const names = listed.map(({ name }) => name);
    const added = handleTools(traits);
    const staticLists = isStatic ? await trial.staticLists(initialized, added) : undefined;
    const { worker, module } = early ?? (await codeCaches(thread));
    const lists = await trial.lists(initialized);
    return {
      tools: new Set(names.filter((name) => typeof name === 'string')),
      headerParams: headerAnnotations(added ? withHandleTools({ tools: listed }, added).tools : listed),
      staticLists,
      lists,
      discovery: discoveryOf(initialized, isStatic),
      traits,
      hiddenSchemas: shownEmpty(listed, trial.hiddenSchemas),
      codeCaches: { worker: sharedCopy(worker), module: module && sharedCopy(module) },
    };
  } catch (error) {
    const path = moduleUrl === undefined ? undefined : fileURLToPath(moduleUrl);
    throw await startFailure(path, { error, stack: exited?.stack }, printed);
  } finally {
    await pool.close(new StopDeadline(CLOSE_DEADLINE_MS));
  }
}

/** Those of the tools of which the list has no properties either: another SDK may show more. */
function shownEmpty(listed: readonly ListedTool[], names: readonly string[]): string[] {
  return names.filter((name) => {
    const { inputSchema } = listed.find((tool) => tool.name === name) ?? {};
    if (!isFields(inputSchema)) return false;
    const { properties = {}, anyOf, oneOf, allOf } = inputSchema;
    return Object.keys(properties as object).length === 0 && (anyOf ?? oneOf ?? allOf) === undefined;
  });
}

/** A module that blocks its thread once it has answered must not hold up the start. */
async function codeCaches(thread: PortWorker): Promise<CodeCaches> {
  const deadline = new Deadline(
    ANSWER_DEADLINE_MS,
    () => thread.kill('start_failed', `its thread did not answer within ${ANSWER_DEADLINE_MS / 1000} s`),
    'again',
  );
  try {
    return await thread.codeCaches();
  } finally {
    deadline.clear();
  }
}

/** As the module gives it. */
interface ListedTool {
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

function discoveryOf(initialized: unknown, isStatic: boolean): CachedAnswer {
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

/** One artificial session of a server that is tried out. */
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
    const body = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });
    this.#thread.post({ requestId: undefined, body });
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
