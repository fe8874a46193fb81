/** A version of a server module: it is bundled, and tried out in a worker of its own. */
import type { ResolvedOptions } from '../config/options.js';
import type { PortWorker } from '../isolation/port/port-worker.js';
import { moduleProcess } from '../isolation/process/module-process.js';
import { ProcessStarter } from '../isolation/process/process-starter.js';
import type { ModulePoolOptions } from '../isolation/thread/thread-pool.js';
import { ThreadStarter } from '../isolation/thread/thread-starter.js';
import { PROCESS_WORDS, THREAD_WORDS } from '../isolation/worker-budget.js';
import type { WorkerStarter } from '../isolation/worker-starter.js';
import { KnownHeaderParams } from '../servers/known-header-params.js';
import type { ModuleEntry } from '../servers/server-entry.js';
import { environmentForModule } from '../servers/server-environment.js';
import {
  type CheckedServerModule,
  checkServerModule,
  type OpenTrialPool,
} from '../servers/server-module-check.js';
import type { ModuleTraits } from '../shared/frames/from-worker.js';
import type { Affinity } from '../shared/session-context.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import {
  forgetting,
  type HostingResources,
  handleToolsOf,
  learnedLists,
  type Purpose,
  type ServerVersion,
  sessionOptions,
  toolRuleLists,
  trialPool,
} from './server-version.js';

export async function prepareModule(
  entry: ModuleEntry,
  resources: HostingResources,
  purpose: Purpose,
): Promise<ServerVersion> {
  const { events, onTools } = resources;
  const { bundle: bundling, ...options } = sessionOptions(entry, resources);
  const affinityOf = (traits: ModuleTraits): Affinity =>
    entry.affinity ?? traits.affinity ?? options.affinity;
  const open = entry.isolation === 'process' ? moduleInProcesses : moduleInThreads;
  const { trial, starter, ...workers } = open(entry, options, resources);
  const {
    tools,
    headerParams: annotations,
    staticLists,
    lists,
    discovery,
    serverInfo,
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
      fields: { server: entry.name },
    });
  }
  for (const tool of hiddenSchemas) {
    events.emit('notice', {
      level: 'warn',
      message: `clients are shown no arguments of the tool "${tool}": its inputSchema is no object but, say, a union; put that into a property of z.object({ … })`,
      fields: { server: entry.name, tool },
    });
  }
  const learned =
    staticLists === undefined ? await learnedLists(entry, headerParams, resources, purpose) : undefined;
  return {
    ...workers,
    starter: starter(code),
    introduction: undefined,
    lists,
    options: { ...options, bundle: bundling },
    answers: staticLists ?? learned?.lists,
    forget: forgetting(learned),
    headerParams,
    affinity,
    reuse,
    handleTools: handleToolsOf(entry, affinity, options),
    discovery,
    serverInfo,
  };
}

/** What has been made of a module at start. */
type ModuleCode = Pick<CheckedServerModule, 'bundle' | 'transpiled' | 'codeCaches'>;

/** How the workers of a module are started: the one that tries it out, and those of its sessions. */
interface ModuleWorkers extends Pick<ServerVersion, 'budget' | 'spareThreads'> {
  readonly trial: OpenTrialPool;
  readonly starter: (code: ModuleCode) => WorkerStarter<PortWorker>;
}

type ModuleOptions = Omit<ResolvedOptions, 'bundle'>;

function moduleInThreads(
  entry: ModuleEntry,
  options: ModuleOptions,
  resources: HostingResources,
): ModuleWorkers {
  const { events, threads } = resources;
  const own: ModulePoolOptions = { ...options, ...moduleSettings(entry, options) };
  return {
    budget: threads,
    spareThreads: entry.spares ?? options.spareThreads,
    trial: (code, trialEvents) =>
      trialPool(
        (starterEvents) =>
          new ThreadStarter({ ...own, ...code, learns: false, isTrial: true }, starterEvents),
        THREAD_WORDS,
        trialEvents,
        resources,
      ),
    starter: (code) => new ThreadStarter({ ...own, ...code }, events),
  };
}

function moduleInProcesses(
  entry: ModuleEntry,
  options: ModuleOptions,
  resources: HostingResources,
): ModuleWorkers {
  const { events, processes, keeper } = resources;
  const { cwd, startTimeoutMs, processMemoryMb } = entry;
  const own = { ...options, ...moduleSettings(entry, options), cwd, startTimeoutMs, processMemoryMb };
  const starter = (
    code: Partial<ModuleCode> & { readonly isTrial?: boolean },
    starterEvents: GatewayEmitter,
  ) => new ProcessStarter(moduleProcess({ ...own, ...code }), keeper, starterEvents);
  return {
    budget: processes,
    spareThreads: entry.spares ?? 0,
    trial: (code, trialEvents) =>
      trialPool(
        (starterEvents) => starter({ ...code, isTrial: true }, starterEvents),
        PROCESS_WORDS,
        trialEvents,
        resources,
      ),
    starter: (code) => starter(code, events),
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
