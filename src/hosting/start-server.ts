/**
 * How a server of each kind is started: where its sessions get their workers, and what is known about it in advance.
 */
import { resolve } from 'node:path';
import type { ResolvedOptions } from '../config/options.js';
import { WorkerPool } from '../isolation/pool.js';
import type { ChildKeeper } from '../isolation/port/child-keeper.js';
import type { PortWorker } from '../isolation/port/port-worker.js';
import { moduleProcess } from '../isolation/process/module-process.js';
import { ProcessStarter } from '../isolation/process/process-starter.js';
import { ProgramFiles } from '../isolation/process/program-files.js';
import { programProcess } from '../isolation/process/program-process.js';
import { createThreadPool, type ModulePoolOptions } from '../isolation/thread/thread-pool.js';
import { PROCESS_WORDS, WorkerBudget } from '../isolation/worker-budget.js';
import type { BundledModule } from '../servers/bundle-parts.js';
import type { AnswerSource, CachedAnswer } from '../servers/cached-answers.js';
import { KnownHeaderParams } from '../servers/known-header-params.js';
import type { LearnedFiles } from '../servers/learned-files.js';
import { LearnedLists } from '../servers/learned-lists.js';
import { nodeProgram } from '../servers/node-program.js';
import { NotBundled } from '../servers/not-bundled.js';
import { bundleProgram } from '../servers/program-bundle.js';
import type {
  CommandEntry,
  ModuleEntry,
  ScriptEntry,
  ServerEntry,
  ToolRules,
} from '../servers/server-entry.js';
import { environmentFor, environmentForModule } from '../servers/server-environment.js';
import {
  type CheckedServerModule,
  checkServerModule,
  type OpenTrialPool,
} from '../servers/server-module-check.js';
import { messageOf } from '../shared/errors.js';
import type { ModuleTraits } from '../shared/frames/from-worker.js';
import type { HandleTools } from '../shared/handle-tools.js';
import type { HeaderAnnotations } from '../shared/header-params.js';
import type { Affinity } from '../shared/session-context.js';
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
  /** What its state belongs to in the stateless era. */
  readonly affinity: Affinity;
  /** With affinity `request`: whether a worker may serve a second request. */
  readonly reuse: boolean;
  /** With affinity `handle`: what is added to its tools. */
  readonly handleTools: HandleTools | undefined;
  /** What `server/discover` is answered; `undefined`: a worker is asked. */
  readonly discovery: CachedAnswer | undefined;
  /** The options of its sessions. */
  readonly options: ResolvedOptions;
  /** What sessions are answered without a worker. */
  readonly answers: AnswerSource | undefined;
  /** Which arguments of its tools are repeated in headers. */
  readonly headerParams: KnownHeaderParams;
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
  const { events, onTools } = resources;
  const { bundle: bundling, ...options } = sessionOptions(entry, resources);
  const affinityOf = (traits: ModuleTraits): Affinity =>
    entry.affinity ?? traits.affinity ?? options.affinity;
  const open = entry.isolation === 'process' ? moduleInProcesses : moduleInThreads;
  const { trial, pool } = open(entry, options, resources);
  const {
    tools,
    headerParams: annotations,
    staticLists,
    discovery,
    traits,
    notBundledBecause,
    hiddenSchemas,
    ...code
  } = await checkServerModule(
    { ...entry, handleTools: (traits) => handleToolsOf(entry, affinityOf(traits), options) },
    bundling,
    trial,
  );
  onTools(tools);
  const affinity = affinityOf(traits);
  const { reuse = traits.reuse ?? true } = entry;
  const headerParams = new KnownHeaderParams(entry.name, affinity, events);
  headerParams.presume(annotations);
  if (notBundledBecause !== undefined) {
    events.emit('notice', {
      level: 'info',
      message: `the server module is imported file by file, so ${entry.isolation === 'process' ? 'processes' : 'threads'} start more slowly: ${notBundledBecause}`,
    });
  }
  for (const tool of hiddenSchemas) {
    events.emit('notice', {
      level: 'warn',
      message: `clients are shown no arguments of the tool "${tool}": its inputSchema is no object but, say, a union; put that into a property of z.object({ … })`,
      fields: { server: entry.name, tool },
    });
  }
  const answers = staticLists ?? (await learnedLists(entry, headerParams, resources));
  return {
    pool: pool(code),
    options: { ...options, bundle: bundling },
    answers,
    headerParams,
    affinity,
    reuse,
    handleTools: handleToolsOf(entry, affinity, options),
    discovery,
  };
}

/** What has been made of a module at start. */
type ModuleCode = Pick<CheckedServerModule, 'bundle' | 'transpiled' | 'codeCaches'>;

/** How the workers of a module are started: the one that tries it out, and those of its sessions. */
interface ModuleWorkers {
  readonly trial: OpenTrialPool;
  readonly pool: (code: ModuleCode) => WorkerPool<PortWorker>;
}

type ModuleOptions = Omit<ResolvedOptions, 'bundle'>;

function moduleInThreads(
  entry: ModuleEntry,
  options: ModuleOptions,
  { events, threads, nextId }: HostingResources,
): ModuleWorkers {
  const own: ModulePoolOptions = {
    ...options,
    ...(entry.spares !== undefined && { spareThreads: entry.spares }),
    ...moduleSettings(entry, options),
  };
  return {
    trial: (code, trialEvents) =>
      createThreadPool(
        { ...own, ...code, spareThreads: 0, learns: false, isTrial: true },
        new WorkerBudget(1),
        trialEvents,
      ),
    pool: (code) => createThreadPool({ ...own, ...code }, threads, events, nextId),
  };
}

function moduleInProcesses(
  entry: ModuleEntry,
  options: ModuleOptions,
  { events, processes, keeper, nextId }: HostingResources,
): ModuleWorkers {
  const { cwd, startTimeoutMs, processMemoryMb } = entry;
  const own = { ...options, ...moduleSettings(entry, options), cwd, startTimeoutMs, processMemoryMb };
  const pool = (
    code: Partial<ModuleCode> & { readonly isTrial?: boolean },
    spareThreads: number,
    budget: WorkerBudget,
    poolEvents: GatewayEmitter,
  ) => {
    const starter = new ProcessStarter(moduleProcess({ ...own, ...code }), keeper, poolEvents);
    return new WorkerPool({ spareThreads }, budget, starter, poolEvents, nextId);
  };
  return {
    trial: (code, trialEvents) =>
      pool({ ...code, isTrial: true }, 0, new WorkerBudget(1, PROCESS_WORDS), trialEvents),
    pool: (code) => pool(code, entry.spares ?? 0, processes, events),
  };
}

function moduleSettings(entry: ModuleEntry, { roots, allowPrivateNetwork }: ModuleOptions) {
  return {
    serverModule: entry.moduleUrl,
    environment: { roots, allowPrivateNetwork },
    env: environmentForModule(entry, process.env),
    tools: toolRuleLists(entry.tools),
    learns: entry.lists === 'learned',
  };
}

async function startInThreads(entry: ScriptEntry, resources: HostingResources): Promise<StartedServer> {
  const { events, threads, nextId } = resources;
  const options = programOptions(entry, resources);
  const headerParams = new KnownHeaderParams(entry.name, entry.affinity ?? options.affinity, events);
  const answers = await learnedLists(entry, headerParams, resources);
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
  const programBundle = bundleOf(entry, script, program.env, resources);
  const work = { program, programBundle, introduction: () => answers?.introduction };
  const pool = createThreadPool({ ...limits, spareThreads, ...work }, threads, events, nextId);
  return { pool, options, answers, headerParams, ...ofProgram(entry, options) };
}

/** Built while the program is served already: its first threads load its files. */
async function bundleOf(
  { name, isolation }: ServerEntry,
  script: string,
  env: Readonly<Record<string, string>>,
  { events, options }: HostingResources,
): Promise<BundledModule | undefined> {
  if (!options.bundle) return undefined;
  try {
    // Threads do not have them.
    if (isolation === 'process' && env.NODE_OPTIONS)
      throw new NotBundled('NODE_OPTIONS may change how its files are loaded');
    return await bundleProgram(script);
  } catch (error) {
    events.emit('notice', {
      level: 'info',
      message: `the program of the server "${name}" is loaded file by file, so ${isolation === 'process' ? 'processes' : 'threads'} start more slowly: ${messageOf(error)}`,
      fields: { server: name },
    });
    return undefined;
  }
}

async function startProcesses(
  entry: CommandEntry | ScriptEntry,
  resources: HostingResources,
): Promise<StartedServer> {
  const { events, processes, keeper, nextId } = resources;
  const options = programOptions(entry, resources);
  const headerParams = new KnownHeaderParams(entry.name, entry.affinity ?? options.affinity, events);
  const answers = await learnedLists(entry, headerParams, resources);
  const { sleepAfterMs } = options;
  const { cancelGraceMs } = options;
  const { cwd, startTimeoutMs, processMemoryMb } = entry;
  const env = environmentFor(entry, process.env);
  const program = nodeProgram(entry, env);
  const node = program && {
    script: program.script,
    files: new ProgramFiles(bundleOf(entry, resolve(cwd, program.script), env, resources), events),
  };
  const starter = new ProcessStarter(
    programProcess({
      command: entry.kind === 'command' ? entry.command : process.execPath,
      args: program?.args ?? entry.args,
      node,
      cwd,
      env,
      startTimeoutMs,
      processMemoryMb,
      cancelGraceMs,
      sleeps: sleepAfterMs > 0,
      tools: toolRuleLists(entry.tools),
      learns: answers !== undefined,
    }),
    keeper,
    events,
  );
  const pool = new WorkerPool(
    { spareThreads: entry.spares ?? 0, introduction: () => answers?.introduction },
    processes,
    starter,
    events,
    nextId,
  );
  return { pool, options, answers, headerParams, ...ofProgram(entry, options) };
}

async function learnedLists(
  entry: ServerEntry,
  headerParams: KnownHeaderParams,
  { events, learned, onTools }: HostingResources,
): Promise<LearnedLists | undefined> {
  if (entry.lists === 'dynamic') return undefined;
  const file = await learned.of(entry);
  const onChanged = (): void => file.write(() => lists.stored());
  const onHeaderParams = (annotations: HeaderAnnotations): void => headerParams.presume(annotations);
  const lists = new LearnedLists({ server: entry.name, events, onTools, onHeaderParams, onChanged });
  lists.restore(await file.read());
  return lists;
}

/** What a program leaves behind in its process or thread cannot be seen, so it is only used again if the entry says so. */
function ofProgram(
  entry: CommandEntry | ScriptEntry,
  options: ResolvedOptions,
): Pick<StartedServer, 'affinity' | 'reuse' | 'handleTools' | 'discovery'> {
  const { affinity = options.affinity, reuse = false } = entry;
  return { affinity, reuse, handleTools: handleToolsOf(entry, affinity, options), discovery: undefined };
}

function handleToolsOf(
  { openTool = 'open_session', closeTool = 'close_session' }: ServerEntry,
  affinity: Affinity,
  { sessionIdleMs }: Pick<ResolvedOptions, 'sessionIdleMs'>,
): HandleTools | undefined {
  return affinity === 'handle' ? { open: openTool, close: closeTool, idleMs: sessionIdleMs } : undefined;
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

function sessionOptions(entry: ServerEntry, { options }: HostingResources): ResolvedOptions {
  const { sleepAfterMs = options.sleepAfterMs, startTimeoutMs } = entry;
  return { ...options, ...entry.overrides, sleepAfterMs, startTimeoutMs };
}
