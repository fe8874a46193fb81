/** Which server of a catalogue a command is for that serves one session, or makes one call. */
import { optionError } from '../config/option-error.js';
import type { ResolvedOptions } from '../config/options.js';
import type { BrokenEntry, Catalogue, ServerEntry } from '../servers/server-entry.js';
import { didYouMean } from '../shared/nearest.js';

/**
 * @param name as given with `--server`; `undefined`: the only one
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` with the names that exist, if there is no such server or if there are several
 */
export function chooseServer(
  { servers, broken }: Catalogue,
  name: string | undefined,
): ServerEntry | BrokenEntry {
  const all = [...servers, ...broken];
  const names = all.map((server) => server.name);
  const chosen = name === undefined ? all[0] : all.find((server) => server.name === name);
  if (chosen !== undefined && (name !== undefined || all.length === 1)) return chosen;
  const what =
    name === undefined
      ? 'There are several servers'
      : `There is no server ${JSON.stringify(name)}${didYouMean(name, names)}`;
  throw optionError(`${what}: choose one with --server: ${names.join(', ')}.`);
}

/**
 * The same, for a gateway that serves one session and nothing else: nobody waits for a spare of its own, and the bundle
 * of a program, from which only later sessions would start, is not made.
 * @throws {BulkheadError} as `chooseServer`, and if the server's entry is wrong
 */
export function forOneSession(
  options: ResolvedOptions,
  name: string | undefined,
  of: Partial<Pick<ServerEntry, 'spares' | 'lists'>> = {},
): ResolvedOptions {
  const chosen = chooseServer(options.catalogue, name);
  if ('reason' in chosen) throw optionError(chosen.reason);
  const server = { ...chosen, spares: undefined, ...of };
  return {
    ...options,
    bundle: options.bundle && server.kind === 'module',
    catalogue: { ...options.catalogue, servers: [server], broken: [], single: true },
  };
}
