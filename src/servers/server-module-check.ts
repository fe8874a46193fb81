/**
 * Tries out the server module before the listener opens: one worker loads it, runs `setup` for an artificial session
 * and lists its tools. What cannot work is found here. The names of the tools become known; only these may become
 * values of a metric label. If the module declares its lists as static, they are kept.
 */
import { fileURLToPath } from 'node:url';
import type { WorkerPool } from '../isolation/pool.js';
import type { PortWorker } from '../isolation/port/port-worker.js';
import { sharedCopy } from '../isolation/port/shared-counters.js';
import type { CodeCaches } from '../shared/code-caches.js';
import { Deadline } from '../shared/deadline.js';
import { messageOf } from '../shared/errors.js';
import { isFields } from '../shared/fields.js';
import type { ModuleTraits } from '../shared/frames/from-worker.js';
import { type HandleTools, hiddenByHandles, withHandleTools } from '../shared/handle-tools.js';
import { type HeaderAnnotations, headerAnnotations } from '../shared/header-params.js';
import { ModuleKinds } from '../shared/module-kind.js';
import { type ServerInfo, serverInfoIn } from '../shared/stateless.js';
import { StopDeadline } from '../shared/stop-deadline.js';
import { isTypeScript, type TranspiledFiles } from '../shared/typescript/transpile.js';
import { forgetTsconfigs } from '../shared/typescript/tsconfig.js';
import { GatewayEmitter, type GatewayEvents } from '../telemetry/events.js';
import { BundleFiles } from './bundle-files.js';
import type { BundledModule } from './bundle-parts.js';
import type { CachedAnswer, StaticLists } from './cached-answers.js';
import { debuggable } from './debuggable-bundle.js';
import type { ListDigests } from './list-digests.js';
import { bundleServerModule } from './module-bundle.js';
import type { ModuleEntry } from './server-entry.js';
import { startFailure } from './start-failure.js';
import { transpiledFiles } from './transpiled-files.js';
import { ANSWER_DEADLINE_MS, discoveryOf, type ListedTool, TrialSession } from './trial-session.js';

const MAX_PRINTED_CHARS = 300;

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
  /** What it calls itself; `undefined` if its server says nothing that can be shown. */
  readonly serverInfo: ServerInfo | undefined;
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
interface TriedServer extends Pick<ModuleEntry, 'name' | 'moduleUrl' | 'startTimeoutMs'> {
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
  { name, moduleUrl, startTimeoutMs, handleTools }: TriedServer,
  code: TriedCode,
): Promise<Omit<CheckedServerModule, keyof TriedCode | 'notBundledBecause'>> {
  // A separate emitter, so that the check does not appear in the gateway's metrics and logs.
  const events = new GatewayEmitter();
  const pool = openPool(code, events);
  let printed = '';
  events.on('module-log', ({ message }) => {
    printed = `; the last that it printed: ${message.slice(0, MAX_PRINTED_CHARS)}`;
  });
  let deadline: Deadline | undefined;
  let exited: GatewayEvents['thread-exited'][0] | undefined;
  events.on('thread-exited', (event) => {
    exited = event;
  });
  try {
    const thread = await pool.acquire(new AbortController().signal);
    const trial = new TrialSession(thread, name);
    const initialized = await trial.initialize();
    // Each answer has a deadline, but there can be many: of pages, and of versions of the protocol.
    const late = `its lists were not complete within ${startTimeoutMs / 1000} s`;
    deadline = new Deadline(startTimeoutMs, () => thread.kill('start_failed', late), 'again');
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
      headerParams: annotationsOf(listed, added),
      staticLists,
      lists,
      discovery: discoveryOf(initialized, isStatic),
      serverInfo: serverInfoIn(initialized),
      traits,
      hiddenSchemas: shownEmpty(listed, trial.hiddenSchemas),
      codeCaches: { worker: sharedCopy(worker), module: module && sharedCopy(module) },
    };
  } catch (error) {
    const path = moduleUrl === undefined ? undefined : fileURLToPath(moduleUrl);
    throw await startFailure(path, { error, stack: exited?.stack }, printed);
  } finally {
    deadline?.clear();
    await pool.close(new StopDeadline(CLOSE_DEADLINE_MS));
  }
}

function annotationsOf(tools: readonly ListedTool[], added: HandleTools | undefined): HeaderAnnotations {
  if (added === undefined) return headerAnnotations(tools);
  const { valid, invalid } = headerAnnotations(withHandleTools({ tools }, added).tools);
  return { valid, invalid: [...invalid, ...hiddenByHandles(tools, added)] };
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
