/** Which server of a catalogue a command is for that serves one session, or makes one call. */
import { optionError } from '../config/option-error.js';
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
 * The same, for a gateway that serves nothing else.
 * @throws {BulkheadError} as `chooseServer`, and if the server's entry is wrong
 */
export function chooseSoundServer(catalogue: Catalogue, name: string | undefined): ServerEntry {
  const chosen = chooseServer(catalogue, name);
  if ('reason' in chosen) throw optionError(chosen.reason);
  return chosen;
}
