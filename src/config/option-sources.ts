/** Gathers what was given for each option, as it was written, and remembers where. Nothing is checked here but names. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { BulkheadError, messageOf } from '../shared/errors.js';
import { parseJson } from '../shared/json-text.js';
import { didYouMean } from './nearest.js';
import { camelCase, OPTION_NAMES, OPTION_TABLE, type OptionName, variableName } from './option-table.js';

/** Where options come from, the strongest first. */
export interface OptionSources {
  /** By name in camelCase or kebab-case, as text; a repeated flag's values as an array. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** A JSON file, relative to `cwd`; `BULKHEAD_CONFIG` of `environment` where it is absent. */
  readonly configFile?: string | undefined;
  readonly cwd: string;
}

/** One value as it was written, and where. */
interface Given {
  readonly raw: unknown;
  /** What a message calls it: `--port`, `BULKHEAD_PORT`, `"port" in bulkhead.json`. */
  readonly label: string;
  /** Where its relative paths start. */
  readonly folder: string;
}

export type GivenOptions = ReadonlyMap<OptionName, Given>;

/** What is the same for all values of one source that is an object. */
interface Source {
  readonly folder: string;
  /** Whether lists may be text with commas. */
  readonly isText: boolean;
  /** What a message calls one of its keys. */
  label(key: string, name?: OptionName): string;
}

/** @returns a `BulkheadError` with the code `ERR_BULKHEAD_OPTION`. */
export function optionError(message: string, cause?: unknown): BulkheadError {
  return new BulkheadError('ERR_BULKHEAD_OPTION', message, { cause });
}

/** Everything that `sources` give, the strongest for each option. */
export function gather(sources: OptionSources): GivenOptions {
  const { environment = {}, cwd } = sources;
  const configFile = sources.configFile ?? environment.BULKHEAD_CONFIG;
  const given = new Map<OptionName, Given>();
  if (configFile !== undefined) addConfigFile(given, configFile, cwd);
  for (const name of OPTION_NAMES) {
    const variable = variableName(name);
    const text = environment[variable];
    if (text !== undefined) given.set(name, { raw: listOf(name, text, true), label: variable, folder: cwd });
  }
  const label = (key: string, name?: OptionName): string => {
    return name !== undefined && OPTION_TABLE[name].positional === true ? `[${name}]` : `--${name ?? key}`;
  };
  addObject(given, sources.flags ?? {}, { folder: cwd, isText: true, label });
  return given;
}

/** The options of `createGateway`; relative paths start at `folder`. */
export function gatherFromObject(options: object, folder: string): GivenOptions {
  const given = new Map<OptionName, Given>();
  addObject(given, options, { folder, isText: false, label: (key) => key });
  return given;
}

/** A list option's value as an array; text is split at commas where it can't be anything else. */
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

function addConfigFile(given: Map<OptionName, Given>, file: string, cwd: string): void {
  const path = resolve(cwd, file);
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw optionError(`The config file ${path} cannot be read: ${messageOf(error)}.`, error);
  }
  let content: unknown;
  try {
    content = parseJson(text);
  } catch (error) {
    throw optionError(`The config file ${path} is not JSON: ${messageOf(error)}.`, error);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw optionError(`The config file ${path} must hold a JSON object, such as {"port": 3000}.`);
  }
  const label = (key: string): string => `${JSON.stringify(key)} in ${file}`;
  // What editors read is no option.
  const { $schema, ...values } = content as Record<string, unknown>;
  addObject(given, values, { folder: dirname(path), isText: false, label });
}
