/** A version of a program that speaks stdio: a script or package in threads or processes, or any command. */
import { resolve } from 'node:path';
import type { ResolvedOptions } from '../config/options.js';
import { ProcessStarter } from '../isolation/process/process-starter.js';
import { ProgramFiles } from '../isolation/process/program-files.js';
import { programProcess } from '../isolation/process/program-process.js';
import { ThreadStarter } from '../isolation/thread/thread-starter.js';
import { PROCESS_WORDS, THREAD_WORDS } from '../isolation/worker-budget.js';
import type { BundledModule } from '../servers/bundle-parts.js';
import { debuggable } from '../servers/debuggable-bundle.js';
import { KnownHeaderParams } from '../servers/known-header-params.js';
import type { ListDigests } from '../servers/list-digests.js';
import { nodeProgram } from '../servers/node-program.js';
import { NotBundled } from '../servers/not-bundled.js';
import { bundleProgram } from '../servers/program-bundle.js';
import type { CommandEntry, ScriptEntry, ServerEntry } from '../servers/server-entry.js';
import { environmentFor } from '../servers/server-environment.js';
import { messageOf } from '../shared/errors.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import { tryProgram } from './program-trial.js';
import {
  forgetting,
  type HostingResources,
  handleToolsOf,
  type Learned,
  learnedLists,
  type Purpose,
  personalEnvironment,
  type ServerVersion,
  sessionOptions,
  toolRuleLists,
  trialPool,
} from './server-version.js';

export async function prepareThreads(
  entry: ScriptEntry,
  resources: HostingResources,
  purpose: Purpose,
): Promise<ServerVersion> {
  const { events, threads } = resources;
  const options = programOptions(entry, resources);
  const headerParams = new KnownHeaderParams(entry.name, entry.affinity ?? options.affinity, events);
  const { script, args, cwd, startTimeoutMs } = entry;
  const program = {
    script,
    args,
    cwd,
    env: environmentFor(entry, process.env),
    waits: entry.personal !== undefined,
    startTimeoutMs,
    sleeps: options.sleepAfterMs > 0,
    tools: toolRuleLists(entry.tools),
    learns: entry.lists !== 'dynamic',
  };
  const { threadHeapMb, threadMemoryMb, threadNice, cancelGraceMs } = options;
  const limits = { threadHeapMb, threadMemoryMb, threadNice, cancelGraceMs };
  const starter = (programBundle: Promise<BundledModule | undefined>, starterEvents: GatewayEmitter) =>
    new ThreadStarter({ ...limits, program, programBundle }, starterEvents);
  const lists = await triedLists(entry, purpose, events, (trialEvents) =>
    trialPool((starterEvents) => starter(FILES, starterEvents), THREAD_WORDS, trialEvents, resources),
  );
  // Only now: what is known of a version that goes on must not be forgotten.
  const learned = await learnedLists(entry, headerParams, resources, purpose);
  return {
    starter: starter(bundleOf(entry, script, program.env, resources), events),
    budget: threads,
    // Started without a session, a program may do what only a session should make it do: so only if the entry says it.
    spareThreads: entry.spares ?? 0,
    lists,
    options,
    headerParams,
    ...ofProgram(entry, resources, options, learned),
  };
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
    return await debuggable(await bundleProgram(script));
  } catch (error) {
    events.emit('notice', {
      level: 'info',
      message: `the program of the server "${name}" is loaded file by file, so ${isolation === 'process' ? 'processes' : 'threads'} start more slowly: ${messageOf(error)}`,
      fields: { server: name },
    });
    return undefined;
  }
}

export async function prepareProcesses(
  entry: CommandEntry | ScriptEntry,
  resources: HostingResources,
  purpose: Purpose,
): Promise<ServerVersion> {
  const { events, processes, keeper } = resources;
  const options = programOptions(entry, resources);
  const headerParams = new KnownHeaderParams(entry.name, entry.affinity ?? options.affinity, events);
  const { sleepAfterMs } = options;
  const { cancelGraceMs } = options;
  const { cwd, startTimeoutMs, processMemoryMb } = entry;
  const env = environmentFor(entry, process.env);
  const program = nodeProgram(entry, env);
  const script = program && resolve(cwd, program.script);
  const starter = (bundle: Promise<BundledModule | undefined>, starterEvents: GatewayEmitter) =>
    new ProcessStarter(
      programProcess({
        command: entry.kind === 'command' ? entry.command : process.execPath,
        args: program?.args ?? entry.args,
        node: program && { script: program.script, files: new ProgramFiles(bundle, starterEvents) },
        cwd,
        env,
        waits: entry.personal !== undefined,
        startTimeoutMs,
        processMemoryMb,
        cancelGraceMs,
        sleeps: sleepAfterMs > 0,
        tools: toolRuleLists(entry.tools),
        learns: entry.lists !== 'dynamic',
      }),
      keeper,
      starterEvents,
    );
  const lists = await triedLists(entry, purpose, events, (trialEvents) =>
    trialPool((starterEvents) => starter(FILES, starterEvents), PROCESS_WORDS, trialEvents, resources),
  );
  // Only now: what is known of a version that goes on must not be forgotten.
  const learned = await learnedLists(entry, headerParams, resources, purpose);
  const bundle = script === undefined ? FILES : bundleOf(entry, script, env, resources);
  return {
    starter: starter(bundle, events),
    budget: processes,
    spareThreads: entry.spares ?? 0,
    lists,
    options,
    headerParams,
    ...ofProgram(entry, resources, options, learned),
  };
}

/** What a version says that takes the place of another one. A program that starts only for a principal cannot be asked. */
async function triedLists(
  entry: CommandEntry | ScriptEntry,
  purpose: Purpose,
  events: GatewayEmitter,
  open: Parameters<typeof tryProgram>[1],
): Promise<ListDigests | undefined> {
  if (purpose !== 'reload') return undefined;
  if (entry.personal === undefined) return tryProgram(entry, open);
  events.emit('notice', {
    level: 'info',
    message: `the new version of the server "${entry.name}" was not tried out: its env refers to the principal, so it starts only for a session`,
    fields: { server: entry.name },
  });
  return undefined;
}

/** A program that is tried out loads its files: whether it is sound does not depend on its bundle. */
const FILES = Promise.resolve(undefined);

/** What a program leaves behind in its process or thread cannot be seen, so it is only used again if the entry says so. */
function ofProgram(
  entry: CommandEntry | ScriptEntry,
  resources: HostingResources,
  options: ResolvedOptions,
  learned: Learned | undefined,
) {
  const { affinity = options.affinity, reuse = false } = entry;
  return {
    introduction: () => learned?.lists.introduction,
    answers: learned?.lists,
    personal: personalEnvironment(entry, resources),
    forget: forgetting(learned),
    affinity,
    reuse,
    handleTools: handleToolsOf(entry, affinity, options),
    discovery: undefined,
    serverInfo: undefined,
  };
}

/** A program holds state in memory, so its sessions sleep only if the entry says so. */
function programOptions(entry: CommandEntry | ScriptEntry, resources: HostingResources): ResolvedOptions {
  return { ...sessionOptions(entry, resources), sleepAfterMs: entry.sleepAfterMs ?? 0 };
}
