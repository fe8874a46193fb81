/** Collects the values of all options as they were written, and remembers where. Only names are checked here. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../shared/errors.js';
import { parseJson } from '../shared/json-text.js';
import { didYouMean } from '../shared/nearest.js';
import { repeatedKeys } from './jsonc.js';
import { optionError } from './option-error.js';
import {
  camelCase,
  OPTION_NAMES,
  OPTION_TABLE,
  type OptionName,
  TEXT_OPTION_NAMES,
  variableName,
} from './option-table.js';
import type { GivenServers } from './servers/given-servers.js';

/** Where options come from, the highest precedence first. */
export interface OptionSources {
  /** By name in camelCase or kebab-case, as text; a repeated flag's values as an array. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** A JSON file, relative to `cwd`. If it is absent, `BULKHEAD_CONFIG` of `environment`. */
  readonly configFile?: string | undefined;
  readonly cwd: string;
  /** A command and its arguments that is to be served: what follows `--`. */
  readonly command?: readonly string[] | undefined;
}

/** One value as it was written, and its source. */
interface Given {
  readonly raw: unknown;
  /** The name of the source in messages: `--port`, `BULKHEAD_PORT`, `"port" in bulkhead.json`. */
  readonly label: string;
  /** The folder from which its relative paths start. */
  readonly folder: string;
}

export type GivenOptions = ReadonlyMap<OptionName, Given>;

/** Everything that was given. */
export interface Gathered {
  readonly options: GivenOptions;
  /** Also `undefined` if a source of higher precedence says what is served. */
  readonly servers: GivenServers | undefined;
}

/** What is the same for all values of one source that is an object. */
interface Source {
  readonly folder: string;
  /** Whether lists may be text with commas. */
  readonly isText: boolean;
  /** The name of one of its keys in messages. */
  label(key: string, name?: OptionName): string;
}

/** Collects everything from `sources`; for each option, the highest precedence wins. */
export function gather(sources: OptionSources): Gathered {
  const { environment = {}, cwd } = sources;
  const options = new Map<OptionName, Given>();
  const servers = addConfigFile(options, sources);
  const moduleOfFile = options.get('server-module');
  for (const name of TEXT_OPTION_NAMES) {
    const variable = variableName(name);
    const text = environment[variable];
    if (text !== undefined)
      options.set(name, { raw: listOf(name, text, true), label: variable, folder: cwd });
  }
  const label = (key: string, name?: OptionName): string => {
    return name !== undefined && OPTION_TABLE[name].positional === true ? `[${name}]` : `--${name ?? key}`;
  };
  addObject(options, sources.flags ?? {}, { folder: cwd, isText: true, label });
  const byFlag = sources.flags?.serverModule;
  if (sources.command !== undefined && byFlag !== undefined) {
    throw optionError('[server-module] and -- both say what is served: keep one of them.');
  }
  const isOverridden = options.get('server-module') !== moduleOfFile;
  return { options, servers: isOverridden ? undefined : servers };
}

/** The options of `createGateway`; relative paths start at `folder`. */
export function gatherFromObject(given: object, folder: string): Gathered {
  const { servers: entries, ...values } = given as Record<string, unknown>;
  const options = new Map<OptionName, Given>();
  addObject(options, values, { folder, isText: false, label: (key) => key });
  if (entries === undefined) return { options, servers: undefined };
  refuseModuleBeside('servers', options);
  const servers = {
    entries,
    repeated: new Set<string>(),
    key: 'servers',
    file: undefined,
    folder,
    ofClient: false,
  } as const;
  return { options, servers };
}

function refuseModuleBeside(servers: string, options: GivenOptions): void {
  const module = options.get('server-module');
  if (module === undefined) return;
  throw optionError(`${module.label} and ${servers} both say what is served: keep one of them.`);
}

/** The value of a list option as an array. Text is split at commas if it cannot mean anything else. */
function listOf(name: OptionName, raw: unknown, isText: boolean): unknown {
  if (OPTION_TABLE[name].list !== true || !(isText || typeof raw === 'string')) return raw;
  const values: unknown[] = Array.isArray(raw) ? raw : [raw];
  if (!isText) return values;
  return values.flatMap((value) =>
    typeof value === 'string' ? value.split(',').flatMap((item) => item.trim() || []) : [value],
  );
}

function addObject(given: Map<OptionName, Given>, values: object, source: Source): void {
  const labels = new Map<OptionName, string>();
  for (const [key, raw] of Object.entries(values)) {
    const name = OPTION_NAMES.find((known) => known === key || camelCase(known) === key);
    if (name === undefined) {
      const known = key.includes('-') ? OPTION_NAMES : OPTION_NAMES.map(camelCase);
      throw optionError(`${source.label(key)} is not an option${didYouMean(key, known)}.`);
    }
    if (raw === undefined) continue;
    const label = source.label(key, name);
    const twin = labels.get(name);
    if (twin !== undefined) throw optionError(`${twin} and ${label} are the same option: keep one of them.`);
    labels.set(name, label);
    given.set(name, { raw: listOf(name, raw, source.isText), label, folder: source.folder });
  }
}

/** @returns the servers that it has; `undefined` also if there is no file */
function addConfigFile(
  given: Map<OptionName, Given>,
  { configFile, environment = {}, cwd }: OptionSources,
): GivenServers | undefined {
  const file = configFile ?? environment.BULKHEAD_CONFIG;
  if (file === undefined) return undefined;
  const source = configFile === undefined ? 'BULKHEAD_CONFIG' : '--config';
  if (file === '') throw optionError(`${source} is "", but must be the path of a JSON file.`);
  const path = resolve(cwd, file);
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw optionError(`The config file ${path} (${source}) cannot be read: ${messageOf(error)}.`, error);
  }
  let content: unknown;
  try {
    content = parseJson(text);
  } catch (error) {
    throw optionError(`The config file ${path} (${source}) is not JSON: ${messageOf(error)}.`, error);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw optionError(`The config file ${path} (${source}) must hold a JSON object, such as {"port": 3000}.`);
  }
  const label = (key: string): string => `${JSON.stringify(key)} in ${file}`;
  // `$schema` is for editors, and is not an option.
  const { $schema, servers: entries, ...values } = content as Record<string, unknown>;
  if ('mcpServers' in values) {
    throw optionError(
      `${label('mcpServers')} belongs to clients' files: give the file without ${source}, as in bulkhead serve ${file}.`,
    );
  }
  const folder = dirname(path);
  addObject(given, values, { folder, isText: false, label });
  if (entries === undefined) return undefined;
  refuseModuleBeside(label('servers'), given);
  return { entries, repeated: repeatedKeys(text, 'servers'), key: 'servers', file, folder, ofClient: false };
}
