/** Names of the keys of a server's entry, derived from their section. */
import { z } from 'zod';
import { type OptionRow, rowOf } from '../option.js';
import { kebabCase } from '../option-table.js';
import { serverEntryOptions } from '../sections/server-entry.js';

type EntrySchemas = typeof serverEntryOptions;
export type EntryKey = keyof EntrySchemas;

/** An entry may also have `type`, which clients write; it must be `stdio`. */
export const ENTRY = z.object(serverEntryOptions);
export const ENTRY_KEYS = Object.keys(serverEntryOptions) as readonly EntryKey[];
export const ENTRY_ROWS = Object.fromEntries(
  ENTRY_KEYS.map((key) => [key, rowOf(serverEntryOptions[key])]),
) as Readonly<Record<EntryKey, OptionRow>>;

/** The keys that say what kind of server it is. An entry has exactly one of them. */
export const KIND_KEYS = ['module', 'script', 'package', 'command'] as const satisfies readonly EntryKey[];

/** As the documentation spells it: like options, apart from `inheritEnv`, which stands beside the keys of clients' files. */
export function documentedKey(key: EntryKey): string {
  return key === 'inheritEnv' ? key : kebabCase(key);
}

/** Finds a key by either spelling. */
export function findEntryKey(written: string): EntryKey | undefined {
  return ENTRY_KEYS.find((key) => key === written || kebabCase(key) === written);
}

/** What a program gives `createGateway` for one server. Exactly one of `module`, `script`, `package` and `command`. */
export interface ServerOptions extends GivenToServer {}

/** A mapped type over the schemas themselves, without other names, keeps their docstrings. */
type GivenToServer = {
  readonly [Key in EntryKey]?: z.input<EntrySchemas[Key]> | undefined;
};

/** An entry's checked values; one that is not given is `undefined`. */
export type CheckedEntry = {
  readonly [Key in EntryKey]: z.output<EntrySchemas[Key]>;
};
