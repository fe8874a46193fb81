/**
 * How a server of each kind is started: where its sessions get their workers, and what is known about it in advance.
 */
import type { ResolvedOptions } from '../config/options.js';
import { WorkerPool } from '../isolation/pool.js';
import type { ChildKeeper } from '../isolation/port/child-keeper.js';
import type { PortWorker } from '../isolation/port/port-worker.js';
import { ProcessStarter } from '../isolation/process/process-starter.js';
import { createThreadPool, type ModulePoolOptions } from '../isolation/thread/thread-pool.js';
import type { WorkerBudget } from '../isolation/worker-budget.js';
import type { AnswerSource } from '../servers/cached-answers.js';
import type { LearnedFiles } from '../servers/learned-files.js';
import { LearnedLists } from '../servers/learned-lists.js';
import type {
  CommandEntry,
  ModuleEntry,
  ScriptEntry,
  ServerEntry,
  ToolRules,
} from '../servers/server-entry.js';
import { environmentFor, environmentForModule } from '../servers/server-environment.js';
import { checkServerModule } from '../servers/server-module-check.js';
import { BulkheadError } from '../shared/errors.js';
import type { ToolRuleLists } from '../shared/tool-rules.js';
import type { GatewayEmitter } from '../telemetry/events.js';

/** What all servers of a gateway share. */
export interface HostingResources {
  readonly options: ResolvedOptions;
  readonly events: GatewayEmitter;
  readonly threads: WorkerBudget;
  readonly processes: WorkerBudget;
  /** Keeps the processes that serve sessions. */
  readonly keeper: ChildKeeper;
  /** Returns the next id of a worker. */
  readonly nextId: () => number;
  /** What was learned of servers, on disk. */
  readonly learned: LearnedFiles;
  /** Called with names of tools that have become known. */
  readonly onTools: (names: Iterable<string>) => void;
}

export interface StartedServer {
  readonly pool: WorkerPool<PortWorker>;
  /** The options of its sessions. */
  readonly options: ResolvedOptions;
  /** What sessions are answered without a worker. */
  readonly answers: AnswerSource | undefined;
}

/** @throws {BulkheadError} with one sentence, if the server cannot be served */
export function startServer(entry: ServerEntry, resources: HostingResources): Promise<StartedServer> {
  switch (entry.kind) {
    case 'module':
      return startModule(entry, resources);
    case 'script':
      return entry.isolation === 'thread'
        ? startInThreads(entry, resources)
        : startProcesses(entry, resources);
    case 'command':
      return startProcesses(entry, resources);
    default:
      return entry satisfies never;
  }
}

async function startModule(entry: ModuleEntry, resources: HostingResources): Promise<StartedServer> {
  const { events, threads, nextId, onTools } = resources;
  if (entry.isolation === 'process') throw notYet('a module runs in a thread; leave `isolation` out');
  const { bundle: bundling, ...others } = sessionOptions(entry, resources);
  const poolOptions: ModulePoolOptions = {
    ...others,
    ...(entry.spares !== undefined && { spareThreads: entry.spares }),
    serverModule: entry.moduleUrl,
    environment: { roots: others.roots, allowPrivateNetwork: others.allowPrivateNetwork },
    env: environmentForModule(entry, process.env),
    tools: toolRuleLists(entry.tools),
  };
  const { tools, staticLists, bundle, codeCaches, notBundledBecause } = await checkServerModule(
    poolOptions,
    bundling,
  );
  onTools(tools);
  if (notBundledBecause !== undefined) {
    events.emit('notice', {
      level: 'info',
      message: `the server module is imported file by file, so threads start more slowly: ${notBundledBecause}`,
    });
  }
  const pool = createThreadPool({ ...poolOptions, bundle, codeCaches }, threads, events, nextId);
  return { pool, options: { ...others, bundle: bundling }, answers: staticLists };
}

async function startInThreads(entry: ScriptEntry, resources: HostingResources): Promise<StartedServer> {
  const { events, threads, nextId } = resources;
  const options = programOptions(entry, resources);
  const answers = await learnedLists(entry, resources);
  const { script, args, cwd, startTimeoutMs } = entry;
  const program = {
    script,
    args,
    cwd,
    env: environmentFor(entry, process.env),
    startTimeoutMs,
    sleeps: options.sleepAfterMs > 0,
    tools: toolRuleLists(entry.tools),
    learns: answers !== undefined,
  };
  const { threadHeapMb, threadMemoryMb, threadNice, cancelGraceMs } = options;
  const limits = { threadHeapMb, threadMemoryMb, threadNice, cancelGraceMs };
  // Started without a session, a program may do what only a session should make it do: so only if the entry says it.
  const spareThreads = entry.spares ?? 0;
  const pool = createThreadPool({ ...limits, spareThreads, program }, threads, events, nextId);
  return { pool, options, answers };
}

async function startProcesses(
  entry: CommandEntry | ScriptEntry,
  resources: HostingResources,
): Promise<StartedServer> {
  const { events, processes, keeper, nextId } = resources;
  const options = programOptions(entry, resources);
  const answers = await learnedLists(entry, resources);
  const { sleepAfterMs } = options;
  const { cancelGraceMs } = options;
  const { cwd, startTimeoutMs, processMemoryMb } = entry;
  const starter = new ProcessStarter(
    {
      ...(entry.kind === 'command'
        ? { command: entry.command, args: entry.args }
        : { command: process.execPath, args: [entry.script, ...entry.args] }),
      cwd,
      env: environmentFor(entry, process.env),
      startTimeoutMs,
      processMemoryMb,
      cancelGraceMs,
      sleeps: sleepAfterMs > 0,
      tools: toolRuleLists(entry.tools),
      learns: answers !== undefined,
    },
    keeper,
    events,
  );
  const pool = new WorkerPool({ spareThreads: entry.spares ?? 0 }, processes, starter, events, nextId);
  return { pool, options, answers };
}

async function learnedLists(
  entry: CommandEntry | ScriptEntry,
  { events, learned, onTools }: HostingResources,
): Promise<LearnedLists | undefined> {
  if (entry.lists === 'dynamic') return undefined;
  const file = await learned.of(entry);
  const onChanged = (): void => file.write(() => lists.stored());
  const lists = new LearnedLists({ server: entry.name, events, onTools, onChanged });
  lists.restore(await file.read());
  return lists;
}

/** A program holds state in memory, so its sessions sleep only if the entry says so. */
function programOptions(entry: CommandEntry | ScriptEntry, resources: HostingResources): ResolvedOptions {
  return { ...sessionOptions(entry, resources), sleepAfterMs: entry.sleepAfterMs ?? 0 };
}

function toolRuleLists(rules: ToolRules | undefined): ToolRuleLists | undefined {
  if (rules === undefined) return undefined;
  const { allow, deny, rename, describe } = rules;
  return { allow, deny, rename: [...rename], describe: [...describe] };
}

/** What the catalogue can say and no part of the gateway does: better no server than one that is not as its entry says. */
function notYet(instead: string): BulkheadError {
  return new BulkheadError('ERR_BULKHEAD_SERVER_MODULE', `this is not supported yet: ${instead}`);
}

function sessionOptions(entry: ServerEntry, { options }: HostingResources): ResolvedOptions {
  const { sleepAfterMs = options.sleepAfterMs } = entry;
  return { ...options, ...entry.overrides, sleepAfterMs };
}
