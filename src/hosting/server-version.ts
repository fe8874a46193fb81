/** One version of a server: what is prepared before its workers can be started, for servers of every kind. */
import type { ResolvedOptions } from '../config/options.js';
import { WorkerPool } from '../isolation/pool.js';
import type { ChildKeeper } from '../isolation/port/child-keeper.js';
import type { PortWorker } from '../isolation/port/port-worker.js';
import { WorkerBudget, type WorkerWords } from '../isolation/worker-budget.js';
import type { WorkerStarter } from '../isolation/worker-starter.js';
import type { AnswerSource, CachedAnswer } from '../servers/cached-answers.js';
import type { KnownHeaderParams } from '../servers/known-header-params.js';
import type { LearnedFiles } from '../servers/learned-files.js';
import { LearnedLists } from '../servers/learned-lists.js';
import type { ListDigests } from '../servers/list-digests.js';
import { PersonalEnvironment } from '../servers/secrets/personal-environment.js';
import type { SecretSource } from '../servers/secrets/secret-source.js';
import type { ServerEntry, ToolRules } from '../servers/server-entry.js';
import type { HandleTools } from '../shared/handle-tools.js';
import type { HeaderAnnotations } from '../shared/header-params.js';
import type { Affinity } from '../shared/session-context.js';
import type { ServerInfo } from '../shared/stateless.js';
import type { ToolRuleLists } from '../shared/tool-rules.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import type { Preparations } from './preparations.js';

/** What all servers of a gateway share. */
export interface HostingResources {
  readonly options: ResolvedOptions;
  readonly events: GatewayEmitter;
  readonly threads: WorkerBudget;
  readonly processes: WorkerBudget;
  /** Keeps the processes that serve sessions. */
  readonly keeper: ChildKeeper;
  /** Whose turn it is to be tried out. */
  readonly preparations: Preparations;
  /** Returns the next id of a worker. */
  readonly nextId: () => number;
  /** Where secrets of principals come from; `undefined`: nowhere. */
  readonly secrets: SecretSource | undefined;
  /** What was learned of servers, on disk. */
  readonly learned: LearnedFiles;
  /** Aborted when this version is given up, or the gateway stops: nothing of it is tried out any more. */
  readonly stopping: AbortSignal;
  /** Where a server is tried out; whoever closes these pools ends the trial. */
  readonly trials: Set<WorkerPool<PortWorker>>;
  /** Called with names of tools that have become known. */
  readonly onTools: (names: Iterable<string>) => void;
}

/** One version of a server, which has been tried out, and whose workers can be started. */
export interface ServerVersion {
  readonly starter: WorkerStarter<PortWorker>;
  /** What its workers are. */
  readonly budget: WorkerBudget;
  /** As in `WorkerPoolOptions`. */
  readonly spareThreads: number;
  readonly introduction: (() => string | undefined) | undefined;
  /** Variables of its program that depend on the principal: it starts when a session claims its worker. */
  readonly personal?: PersonalEnvironment | undefined;
  /** What its lists said when it was tried out; `undefined` if it was not. */
  readonly lists: ListDigests | undefined;
  /** What its state belongs to in the stateless era. */
  readonly affinity: Affinity;
  /** With affinity `request`: whether a worker may serve a second request. */
  readonly reuse: boolean;
  /** With affinity `handle`: what is added to its tools. */
  readonly handleTools: HandleTools | undefined;
  /** What `server/discover` is answered; `undefined`: a worker is asked. */
  readonly discovery: CachedAnswer | undefined;
  /** What it calls itself; `undefined` for a program, which is asked when a session needs it. */
  readonly serverInfo: ServerInfo | undefined;
  /** The options of its sessions. */
  readonly options: ResolvedOptions;
  /** What sessions are answered without a worker. */
  readonly answers: AnswerSource | undefined;
  /** Which arguments of its tools are repeated in headers. */
  readonly headerParams: KnownHeaderParams;
  /** What was learned of it is of no use any more. */
  forget(): Promise<void>;
}

/**
 * `start`: what earlier gateways have learned of the server is used, and a program is only started when a session needs
 * it. `reload`: nothing is used that was known, and a program is tried out as well.
 */
export type Purpose = 'start' | 'reload';

/** A worker that is not ready in time says better why than whoever waits for it, and a busy one takes long to end. */
const TRIAL_LEAD_MS = 15_000;

/**
 * A pool without spares and with room for one worker.
 * @throws the reason of `stopping`, once that is aborted: nobody would close the pool
 */
export function trialPool(
  starterFor: (events: GatewayEmitter) => WorkerStarter<PortWorker> & { readonly readyDeadlineMs: number },
  words: WorkerWords,
  events: GatewayEmitter,
  { stopping, trials, nextId }: HostingResources,
): WorkerPool<PortWorker> {
  stopping.throwIfAborted();
  const starter = starterFor(events);
  const options = { spareThreads: 0, waitMs: starter.readyDeadlineMs + TRIAL_LEAD_MS };
  const pool = new WorkerPool(options, new WorkerBudget(1, words), starter, events, nextId);
  trials.add(pool);
  return pool;
}

/** What a server has taught, and where it is written down. */
export interface Learned {
  readonly lists: LearnedLists;
  discard(): Promise<void>;
}

export async function learnedLists(
  entry: ServerEntry,
  headerParams: KnownHeaderParams,
  { events, learned, onTools }: HostingResources,
  purpose: Purpose,
): Promise<Learned | undefined> {
  if (entry.lists === 'dynamic') return undefined;
  const file = await learned.of(entry);
  const onChanged = (): void => file.write(() => lists.stored());
  const onHeaderParams = (annotations: HeaderAnnotations): void => headerParams.presume(annotations);
  const lists = new LearnedLists({ server: entry.name, events, onTools, onHeaderParams, onChanged });
  if (purpose === 'start') lists.restore(await file.read());
  else file.write(() => lists.stored());
  return { lists, discard: () => learned.discard(file) };
}

export function forgetting(learned: Learned | undefined): () => Promise<void> {
  return async () => learned?.discard();
}

export function personalEnvironment(
  { name, personal }: ServerEntry,
  { secrets, events }: HostingResources,
): PersonalEnvironment | undefined {
  return personal && new PersonalEnvironment(name, personal, secrets, events);
}

export function handleToolsOf(
  { openTool = 'open_session', closeTool = 'close_session' }: ServerEntry,
  affinity: Affinity,
  { sessionIdleMs }: Pick<ResolvedOptions, 'sessionIdleMs'>,
): HandleTools | undefined {
  return affinity === 'handle' ? { open: openTool, close: closeTool, idleMs: sessionIdleMs } : undefined;
}

export function toolRuleLists(rules: ToolRules | undefined): ToolRuleLists | undefined {
  if (rules === undefined) return undefined;
  const { allow, deny, rename, describe } = rules;
  return { allow, deny, rename: [...rename], describe: [...describe] };
}

export function sessionOptions(entry: ServerEntry, { options }: HostingResources): ResolvedOptions {
  const { sleepAfterMs = options.sleepAfterMs, startTimeoutMs } = entry;
  return { ...options, ...entry.overrides, sleepAfterMs, startTimeoutMs };
}
