/** Reads the entry of one server: what kind of server it is, and how it is started. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type {
  BrokenEntry,
  CommandEntry,
  ModuleEntry,
  PersonalVariables,
  ScriptEntry,
  ServerEntry,
  ServerOverrides,
} from '../../servers/server-entry.js';
import { messageOf } from '../../shared/errors.js';
import { BUILT_IN } from '../server-kinds.js';
import { type CheckedEntry, KIND_KEYS } from './entry-keys.js';
import { checkedEntry, expandText, type GivenEntry, shown, WrongEntry } from './entry-values.js';
import { downloadsFirst } from './launchers.js';
import { NoPackageCommand, packageCommand } from './package-command.js';
import { checkPersonal, personalVariables } from './personal-variables.js';
import { expandVariables } from './variables.js';

/** For a server that is installed. Even on a heavily loaded machine, threads and processes start in less. */
export const START_TIMEOUT_MS = 30_000;
/** Enough to download a few hundred megabytes over a slow connection. */
const DOWNLOAD_TIMEOUT_MS = 5 * 60_000;

/** @param warn called with a sentence about each thing that is not wrong but that the user should know. */
export function readEntry(given: GivenEntry, warn: (sentence: string) => void): ServerEntry | BrokenEntry {
  try {
    return serverEntry(given, warn);
  } catch (error) {
    if (!(error instanceof WrongEntry)) throw error;
    const { name, source } = given;
    const { message: reason, missing, missingFile } = error;
    const again = missing && { readAgain: () => readEntry(given, () => {}) };
    return { name, source, reason, ...again, ...(missingFile !== undefined && { missingFile }) };
  }
}

function serverEntry(given: GivenEntry, warn: (sentence: string) => void): ServerEntry {
  const { label, name, source, gateway } = given;
  const { raw, written, entry } = checkedEntry(given, warn);
  const { sleepAfter, spares, tools, inheritEnv = false } = entry;
  const kind = kindOf(given, entry);
  const { lookup } = given;
  const expand = (text: string): string =>
    lookup === undefined ? text : expandText(given, lookup, 'env', text, warn);
  const personal = personalVariables(given, written.env, expand);
  if (personal !== undefined) checkPersonal(given, kind.kind, entry);
  // A module may define tools by who its client is: its lists are learned only if the entry says so.
  const { lists = kind.kind === 'module' || personal !== undefined ? 'dynamic' : 'learned' } = entry;
  const isolation = entry.isolation ?? (kind.kind === 'command' ? 'process' : gateway.isolation);
  if (kind.kind === 'command' && isolation === 'thread') {
    throw new WrongEntry(
      `${label('isolation')} is "thread", but must be "process": a command runs in a process of its own.`,
    );
  }
  return frozen({
    ...kind,
    name,
    source,
    isolation,
    env: without(personal, { ...envFile(given, raw), ...entry.env }),
    ...(personal !== undefined && { personal }),
    inheritEnv: inheritEnv === false ? [] : inheritEnv,
    cwd: entry.cwd ?? given.folder,
    startTimeoutMs: entry.startTimeout ?? gateway.startTimeoutMs ?? usualStartTimeoutMs(kind),
    spares,
    sleepAfterMs: sleepAfter,
    lists,
    affinity: entry.affinity,
    reuse: entry.reuse,
    openTool: entry.openTool,
    closeTool: entry.closeTool,
    tools,
    processMemoryMb: entry.processMemoryMb ?? gateway.processMemoryMb,
    overrides: overrides(given, entry, 'sessionMaxAge' in written),
  });
}

/** What depends on whoever the server is started for is not known yet. */
function without(
  personal: PersonalVariables = {},
  env: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !Object.hasOwn(personal, name)));
}

type Kind =
  | Pick<ModuleEntry, 'kind' | 'moduleUrl'>
  | Pick<ScriptEntry, 'kind' | 'script' | 'args'>
  | Pick<CommandEntry, 'kind' | 'command' | 'args'>;

function kindOf(given: GivenEntry, entry: CheckedEntry): Kind {
  const { label } = given;
  const { module, script, package: packageName, command, args = [] } = entry;
  const present = KIND_KEYS.filter((key) => entry[key] !== undefined);
  const names = (keys: readonly string[]): string => keys.map((key) => JSON.stringify(key)).join(', ');
  if (present.length > 1) {
    throw new WrongEntry(`${label()} has ${names(present)}, but must have just one of them.`);
  }
  if (module !== undefined) {
    if (entry.args !== undefined) {
      throw new WrongEntry(
        `${label('args')} is for scripts, packages and commands: a module has no arguments.`,
      );
    }
    if (entry.inheritEnv !== undefined && entry.inheritEnv !== true) {
      throw new WrongEntry(
        `${label('inheritEnv')} is ${shown(entry.inheritEnv)}, but must be true or absent: a module inherits the whole environment of the gateway, except its token.`,
      );
    }
    return { kind: 'module', moduleUrl: module === BUILT_IN ? undefined : module };
  }
  if (script !== undefined) return { kind: 'script', script, args };
  if (packageName !== undefined) return { kind: 'script', script: fileOf(given, packageName), args };
  if (command !== undefined) return { kind: 'command', command, args };
  throw new WrongEntry(`${label()} must have one of ${names(KIND_KEYS)}.`);
}

function fileOf({ label, folder }: GivenEntry, packageName: string): string {
  try {
    return packageCommand(packageName, folder);
  } catch (error) {
    if (!(error instanceof NoPackageCommand)) throw error;
    throw new WrongEntry(`${label('package')} is ${shown(packageName)}, ${error.message}.`, true);
  }
}

/** VS Code and Cursor name a file of variables (`envFile`); `env` takes precedence over it. */
function envFile(given: GivenEntry, raw: object): Record<string, string> {
  const { envFile: file } = raw as { readonly envFile?: unknown };
  const { lookup, ofClient, folder } = given;
  if (!ofClient || lookup === undefined || typeof file !== 'string') return {};
  const path = resolve(folder, expandVariables(file, lookup).text);
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Record<string, string>;
  } catch (error) {
    throw new WrongEntry(
      `${given.label('envFile')} is ${shown(file)}, which cannot be read: ${messageOf(error)}.`,
      true,
    );
  }
}

function usualStartTimeoutMs(kind: Kind): number {
  const downloads = kind.kind === 'command' && downloadsFirst(kind.command, kind.args);
  return downloads ? DOWNLOAD_TIMEOUT_MS : START_TIMEOUT_MS;
}

/** @param hasMaxAge whether the entry has one: `none` cannot be distinguished from absence by the value. */
function overrides(given: GivenEntry, entry: CheckedEntry, hasMaxAge: boolean): ServerOverrides {
  const { sessionIdle, sessionMaxAge, disconnectGrace } = entry;
  return {
    ...(sessionIdle !== undefined && { sessionIdleMs: sessionIdle }),
    ...(hasMaxAge && { sessionMaxAgeMs: sessionMaxAge }),
    ...(disconnectGrace !== undefined && { disconnectGraceMs: disconnectGrace }),
    ...threadLimits(given, entry),
  };
}

/** If only one limit is given, the gateway's other one is raised or lowered to fit. */
function threadLimits(
  { gateway, label }: GivenEntry,
  { threadHeapMb: heap, threadMemoryMb: memory }: CheckedEntry,
): Pick<ServerOverrides, 'threadHeapMb' | 'threadMemoryMb'> {
  if (heap !== undefined && memory !== undefined && heap > memory) {
    throw new WrongEntry(
      `${label('thread-heap-mb')} is ${heap}, but must be at most ${label('thread-memory-mb')}, which is ${memory}.`,
    );
  }
  if (heap === undefined && memory === undefined) return {};
  return {
    threadHeapMb: heap ?? Math.min(gateway.threadHeapMb, memory ?? gateway.threadMemoryMb),
    threadMemoryMb: memory ?? Math.max(gateway.threadMemoryMb, heap ?? gateway.threadHeapMb),
  };
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
