/** Builds the catalogue of a gateway, however its servers were given. */
import { basename, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrokenEntry, Catalogue, ServerEntry } from '../../servers/server-entry.js';
import { optionError } from '../option-error.js';
import { BUILT_IN } from '../server-kinds.js';
import { type GatewayValues, shown } from './entry-values.js';
import type { GivenServers } from './given-servers.js';
import { startedBy } from './launchers.js';
import { readEntry } from './read-entry.js';
import { EXPECTED_NAME, isServerName, serverNameOf } from './server-name.js';
import { editorLookup, environmentLookup } from './variables.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The types of servers that the client starts; GitHub Copilot writes `local`. */
const LOCAL_TYPES: readonly unknown[] = [undefined, 'stdio', 'local'];
const REMOTE_TYPES: readonly unknown[] = ['http', 'sse', 'ws', 'streamable-http', 'streamableHttp'];
/** Keys in clients' files that hold the address of a remote server. */
const ADDRESS_KEYS = ['url', 'serverUrl', 'httpUrl'] as const;

/** One module, by its `file:` URL, or the built-in server. */
export function catalogueOfModule(
  moduleUrl: string | undefined,
  folder: string,
  gateway: GatewayValues,
): Catalogue {
  if (moduleUrl === undefined)
    return single('env', 'the built-in server', { module: BUILT_IN }, folder, gateway);
  const path = fileURLToPath(moduleUrl);
  const name = serverNameOf(basename(path, extname(path)));
  return single(name, path, { module: path }, folder, gateway);
}

/**
 * One command with its arguments: what follows `--`. The shell has already expanded its variables.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` if there is none.
 */
export function catalogueOfCommand(
  [command, ...args]: readonly string[],
  folder: string,
  gateway: GatewayValues,
): Catalogue {
  if (command === undefined || command === '') {
    throw optionError(
      '-- must be followed by a command that speaks MCP on stdin and stdout, such as -- npx -y some-server.',
    );
  }
  const name = serverNameOf(startedBy(command, args));
  return single(name, 'the command line', { command, args }, folder, gateway);
}

function single(
  name: string,
  source: string,
  raw: object,
  folder: string,
  gateway: GatewayValues,
): Catalogue {
  const label = (key = ''): string => `${key} of ${source}`.trim();
  const entry = readEntry(
    { name, raw, source, label, folder, gateway, ofClient: false, lookup: undefined },
    () => {},
  );
  if ('reason' in entry) throw optionError(entry.reason);
  return freeze({ servers: [entry], broken: [], single: true, warnings: [] });
}

/**
 * Several servers with names. A wrong entry does not keep the others from being served, unless `strict`.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` if there are none, or with everything that is wrong if `strict`.
 */
export function catalogueOfServers(
  given: GivenServers,
  {
    strict,
    environment,
    gateway,
  }: { readonly strict: boolean; readonly environment: Environment; readonly gateway: GatewayValues },
): Catalogue {
  const { entries, key, file, folder, ofClient } = given;
  const label = (path: string): string => (file === undefined ? path : `${JSON.stringify(path)} in ${file}`);
  if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) {
    throw optionError(
      `${label(key)} is ${shown(entries)}, but must be an object that has an entry for each server's name.`,
    );
  }
  const lookup = ofClient ? editorLookup(environment, folder) : environmentLookup(environment);
  const servers: ServerEntry[] = [];
  const taken = new Map<string, string>();
  const broken: BrokenEntry[] = [];
  const warnings: string[] = [];
  const warn = (sentence: string): void => {
    warnings.push(sentence);
  };
  for (const [written, raw] of Object.entries(entries)) {
    const path = `${key}.${written}`;
    const source = file === undefined ? path : `${file}, ${path}`;
    if (ofClient && isRemote(raw)) {
      warn(`${label(path)} is a remote server and is not served: clients connect to it themselves.`);
      continue;
    }
    const name = ofClient ? clientName(written, label(path), warn) : written;
    const problem =
      nameProblem(name, label(path), given.repeated.has(written), taken.get(name)) ??
      (ofClient ? typeProblem(raw, label(`${path}.type`)) : undefined);
    taken.set(name, source);
    if (problem !== undefined) {
      broken.push({ name, source, reason: problem });
      continue;
    }
    const entry = readEntry(
      {
        name,
        raw,
        source,
        label: (inner) => label(inner === undefined ? path : `${path}.${inner}`),
        folder,
        ofClient,
        lookup,
        gateway,
      },
      warn,
    );
    if ('reason' in entry) broken.push(entry);
    else servers.push(entry);
  }
  if (strict && broken.length > 0) throw optionError(broken.map(({ reason }) => reason).join(' '));
  if (servers.length + broken.length === 0) {
    throw optionError(`${label(key)} has no server that can be served, but must have one or more.`);
  }
  return freeze({ servers, broken, single: false, warnings });
}

/** Clients accept any name, but it becomes a part of a URL here. */
function clientName(written: string, label: string, warn: (sentence: string) => void): string {
  if (isServerName(written)) return written;
  const name = serverNameOf(written);
  warn(`${label} is served as ${JSON.stringify(name)}: a server's name must be ${EXPECTED_NAME}.`);
  return name;
}

function nameProblem(
  name: string,
  label: string,
  isRepeated: boolean,
  takenBy: string | undefined,
): string | undefined {
  if (isRepeated) return `${label} appears more than once: keep one of them, or give them different names.`;
  if (!isServerName(name)) {
    return `${label} is named ${shown(name)}, but a server's name must be ${EXPECTED_NAME}.`;
  }
  if (takenBy === undefined) return undefined;
  return `${label} would be served as ${JSON.stringify(name)}, which is the name of ${takenBy}: give it another name.`;
}

function isRemote(raw: unknown): boolean {
  if (typeof raw !== 'object' || raw === null) return false;
  const { type, command, ...others } = raw as Record<string, unknown>;
  return REMOTE_TYPES.includes(type) || (command === undefined && ADDRESS_KEYS.some((key) => key in others));
}

function typeProblem(raw: unknown, label: string): string | undefined {
  const { type } = (raw ?? {}) as { readonly type?: unknown };
  return LOCAL_TYPES.includes(type)
    ? undefined
    : `${label} is ${shown(type)}, but must be "stdio" or absent.`;
}

function freeze({ servers, broken, single, warnings }: Catalogue): Catalogue {
  return Object.freeze({
    servers: Object.freeze(servers),
    broken: Object.freeze(broken),
    single,
    warnings: Object.freeze(warnings),
  });
}
