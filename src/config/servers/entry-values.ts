/** The values of a server's entry: finds their keys, expands variables, and checks each value. */
import { isAbsolute } from 'node:path';
import type { z } from 'zod';
import type { Isolation } from '../../servers/server-entry.js';
import { cut } from '../../shared/errors.js';
import { didYouMean } from '../../shared/nearest.js';
import { OWN_VARIABLE } from '../../shared/own-variables.js';
import {
  type CheckedEntry,
  documentedKey,
  ENTRY,
  ENTRY_KEYS,
  ENTRY_ROWS,
  type EntryKey,
  findEntryKey,
} from './entry-keys.js';
import { expandVariables, isPersonal, type Lookup, referenceIn } from './variables.js';

const MAX_SHOWN_CHARS = 200;

/** The gateway's options that an entry may override. */
export interface GatewayValues {
  /** `undefined`: not given, so that each server has the default of its kind. */
  readonly startTimeoutMs: number | undefined;
  /** Of modules. */
  readonly isolation: Isolation;
  readonly processMemoryMb: number;
  /** Whether `secrets` or `secrets-command` is set. */
  readonly hasSecrets: boolean;
  readonly threadHeapMb: number;
  readonly threadMemoryMb: number;
}

/** What was given for one server, and what is needed to read it. */
export interface GivenEntry {
  readonly name: string;
  readonly raw: unknown;
  /** Where it was given, for messages: `bulkhead.json, servers.fs`. */
  readonly source: string;
  /** What a message calls one of its keys, or the entry itself: `"servers.fs.cwd" in bulkhead.json`. */
  label(key?: string): string;
  /** Where its relative paths start, and where it is started. */
  readonly folder: string;
  /** Whether it is from a client's file, which may have keys that mean nothing here. */
  readonly ofClient: boolean;
  /** The values of variables; `undefined`: nothing is expanded. */
  readonly lookup: Lookup | undefined;
  readonly gateway: GatewayValues;
}

/** A wrong value, described in one sentence. `missing`: it names something that may exist later. */
export class WrongEntry extends Error {
  readonly missing: boolean;
  /** The absolute path of the file that is missing, if it is one. */
  readonly missingFile: string | undefined;

  constructor(message: string, missing = false, missingFile?: string) {
    super(message);
    this.missing = missing;
    this.missingFile = missingFile;
  }
}

/** The keys in whose values variables are expanded. */
const EXPANDED: readonly EntryKey[] = ['module', 'script', 'package', 'command', 'args', 'env', 'cwd'];
const PATHS: readonly EntryKey[] = ['module', 'script', 'cwd'];

/** An entry's values as written, by key, whatever its spelling. */
export type Written = Partial<Record<EntryKey, unknown>>;

/**
 * @param warn called with a sentence about each thing that is not wrong but that the user should know.
 * @throws {WrongEntry} for the first value that is wrong.
 */
export function checkedEntry(
  given: GivenEntry,
  warn: (sentence: string) => void,
): { readonly raw: object; readonly written: Written; readonly entry: CheckedEntry } {
  const { raw, label } = given;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new WrongEntry(
      `${label()} is ${shown(raw)}, but must be an object such as {"command": "npx", "args": ["-y", "some-server"]}.`,
    );
  }
  const written = knownKeys(given, raw);
  return { raw, written, entry: checkEach(given, expandEach(given, written, warn), written) };
}

function knownKeys({ label, ofClient }: GivenEntry, raw: object): Written {
  const written: Written = {};
  const spellings = new Map<EntryKey, string>();
  for (const [spelling, value] of Object.entries(raw)) {
    if (value === undefined) continue;
    const key = findEntryKey(spelling);
    if (key === undefined) {
      if (ofClient || (spelling === 'type' && value === 'stdio')) continue;
      throw new WrongEntry(unknownKey(label(spelling), spelling, value));
    }
    const twin = spellings.get(key);
    if (twin !== undefined) {
      throw new WrongEntry(`${label(twin)} and ${label(spelling)} are the same key: keep one of them.`);
    }
    spellings.set(key, spelling);
    written[key] = value;
  }
  // In files of GitHub Copilot, `tools` is a list of allowed tools.
  if (ofClient && Array.isArray(written.tools)) written.tools = { allow: written.tools };
  return written;
}

function unknownKey(label: string, spelling: string, value: unknown): string {
  if (spelling === 'type') {
    return `${label} is ${shown(value)}, but must be "stdio" or absent: a remote server is not served, clients connect to it themselves.`;
  }
  const known = spelling.includes('-') ? ENTRY_KEYS.map(documentedKey) : ENTRY_KEYS;
  return `${label} is not a key of a server${didYouMean(spelling, known)}.`;
}

function expandEach(given: GivenEntry, written: Written, warn: (sentence: string) => void): Written {
  const expanded: Written = { ...written };
  if (given.lookup === undefined) return expanded;
  for (const key of EXPANDED) {
    if (!(key in written)) continue;
    const reference = key === 'env' ? undefined : referenceIn(written[key]);
    if (reference !== undefined)
      throw new WrongEntry(
        `${given.label(documentedKey(key))} refers to ${shown(reference)}, but only values of "env" may: they alone are set for each session, and no other user of the machine can read them.`,
      );
    expanded[key] = expand(given, given.lookup, key, written[key], warn);
  }
  return expanded;
}

/** Replaces variables in all texts of a value, but leaves alone what refers to whoever the server is started for. */
function expand(
  given: GivenEntry,
  lookup: Lookup,
  key: EntryKey,
  value: unknown,
  warn: (sentence: string) => void,
): unknown {
  if (Array.isArray(value)) return value.map((item) => expand(given, lookup, key, item, warn));
  if (typeof value === 'object' && value !== null && !(value instanceof URL)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, expand(given, lookup, key, item, warn)]),
    );
  }
  if (typeof value !== 'string' || isPersonal(value)) return value;
  return expandText(given, lookup, key, value, warn);
}

/** @throws {WrongEntry} for a variable that only an editor knows */
export function expandText(
  given: GivenEntry,
  lookup: Lookup,
  key: EntryKey,
  value: string,
  warn: (sentence: string) => void,
): string {
  const { text, unknown, unanswerable } = expandVariables(value, lookup);
  const label = given.label(documentedKey(key));
  for (const variable of unanswerable) {
    throw new WrongEntry(
      `${label} uses ${variable}, which only the client's editor can fill in: write the value itself, or an environment variable such as \${NAME}.`,
    );
  }
  for (const variable of unknown) {
    const why = OWN_VARIABLE.test(variable.replace(/^\$\{(?:env:)?/, ''))
      ? 'which is a variable of the gateway itself and is not passed to servers'
      : 'but this variable is not set';
    warn(`${label} uses ${variable}, ${why}: it is passed on as written.`);
  }
  return text;
}

function checkEach(given: GivenEntry, expanded: Written, written: Written): CheckedEntry {
  const values = Object.entries(expanded).map(([key, value]) => {
    return [key, ENTRY_ROWS[key as EntryKey].absolute?.(value, given.folder) ?? value];
  });
  const input = Object.fromEntries(values) as Written;
  const result = ENTRY.safeParse(input);
  const issue = result.error?.issues[0];
  if (issue === undefined) return result.data as CheckedEntry;
  throw wrongValue(given, issue, written, input);
}

function wrongValue(
  given: GivenEntry,
  issue: z.core.$ZodIssue,
  written: Written,
  input: Written,
): WrongEntry {
  const [first, ...path] = issue.path as [EntryKey, ...PropertyKey[]];
  const { secret, expected } = ENTRY_ROWS[first];
  const nested = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  const label = given.label(`${documentedKey(first)}${nested}`);
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const unknown = given.label(`${documentedKey(first)}${nested}.${key}`);
    return new WrongEntry(
      `${unknown} is not a key of "${first}"${didYouMean(key, ['allow', 'deny', 'rename', 'describe'])}.`,
    );
  }
  const value = path.reduce<unknown>(
    (outer, step) => (outer as Record<PropertyKey, unknown>)?.[step],
    written[first],
  );
  const found = secret === true ? 'a value that is not shown here' : shown(value);
  const what = nested === '' ? '' : `${JSON.stringify(documentedKey(first))} `;
  const checked = input[first];
  const missing = PATHS.includes(first) && typeof checked === 'string' && checked !== '';
  const where = missing && checked !== value ? `; there is none at ${checked}` : '';
  const isFile = missing && first !== 'cwd' && isAbsolute(checked);
  const file = isFile ? checked : undefined;
  return new WrongEntry(`${label} is ${found}, but ${what}must be ${expected}${where}.`, missing, file);
}

/** A value for a message, cut if it is long. */
export function shown(value: unknown): string {
  return cut(JSON.stringify(value) ?? String(value), MAX_SHOWN_CHARS);
}
