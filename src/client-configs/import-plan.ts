/**
 * What an import would do: which entries are moved, which are not and why, and how each file changes. Nothing is
 * written here.
 */
import { isServerName, serverNameOf } from '../config/servers/server-name.js';
import { canonicalJson } from '../shared/canonical-json.js';
import type { Client, ClientRules, Scope, ServerMap } from './client.js';
import { STDIO_PROPERTIES } from './client.js';
import { type ConfigFile, ConfigFileProblem, readConfigFile } from './config-file.js';
import type { GatewayFile } from './gateway-file.js';
import type { JsonPath, TextEdit } from './json-document.js';
import { readEntry, type ServerConfig } from './stdio-entry.js';
import type { Surroundings } from './surroundings.js';

export interface ImportRequest {
  readonly clients: readonly Client[];
  /** All scopes if it is empty. */
  readonly scopes: readonly Scope[];
  readonly gateway: GatewayFile;
  /** The command and arguments that run this program. */
  readonly bridge: readonly string[];
  readonly surroundings: Surroundings;
}

/** One entry of one client. */
export interface Entry {
  readonly client: Client;
  readonly scope: Scope;
  readonly file: string;
  readonly name: string;
}

interface MovedEntry extends Entry {
  /** Its name in the gateway's file. */
  readonly serverName: string;
  readonly url: string;
}

interface RefusedEntry extends Entry {
  /** A sentence without its full stop. */
  readonly reason: string;
}

interface EditedFile {
  readonly file: ConfigFile;
  readonly edits: readonly TextEdit[];
  /** The entries that it changes. */
  readonly paths: readonly JsonPath[];
}

export interface ImportPlan {
  readonly moved: readonly MovedEntry[];
  readonly refused: readonly RefusedEntry[];
  /** The servers of the moved entries, by name. Some may already be in the gateway's file. */
  readonly servers: Readonly<Record<string, ServerConfig>>;
  readonly gatewayEdits: readonly TextEdit[];
  readonly files: readonly EditedFile[];
  /** Values that must not be shown. */
  readonly secrets: readonly string[];
  /** Files that cannot be read, as complete sentences. The warnings are sentences too. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

interface Candidate extends MovedEntry {
  readonly path: JsonPath;
  readonly config: ConfigFile;
  readonly server: ServerConfig;
  readonly secrets: readonly string[];
  readonly required: readonly string[];
  readonly notes: readonly string[];
}

export function planImport(request: ImportRequest): ImportPlan {
  const { gateway } = request;
  const reader = new EntryReader(request);
  for (const client of request.clients) reader.read(client);
  const { problems, warnings } = reader;
  const refused = [...reader.refused];
  const accepted: Candidate[] = [];
  const found = new Map<string, ServerConfig>();
  for (const [name, group] of byServerName(reader.candidates)) {
    const server = oneServer(group);
    const reason = server === undefined ? conflict(group) : inUse(gateway, name, server);
    if (server === undefined || reason !== undefined) {
      refused.push(...group.map((candidate) => ({ ...entryOf(candidate), reason: reason ?? '' })));
      continue;
    }
    found.set(name, server);
    accepted.push(...group);
  }
  const notes = accepted.flatMap((entry) => entry.notes.map((note) => `${label(entry)}: ${note}`));
  const added = [...found].filter(([name, server]) => gateway.has(name, server) === undefined);
  return {
    moved: accepted.map((candidate) => ({
      ...entryOf(candidate),
      serverName: candidate.serverName,
      url: candidate.url,
    })),
    refused,
    servers: Object.fromEntries(found),
    gatewayEdits: gateway.add(Object.fromEntries(added)),
    files: editedFiles(accepted, request),
    secrets: [...new Set(accepted.flatMap(({ secrets }) => secrets))],
    problems,
    warnings: [
      ...warnings,
      ...notes,
      ...unsetVariables(accepted, request.surroundings),
      ...(needsToken(request) ? accepted.flatMap(tokenNote) : []),
    ],
  };
}

/** `fs (Claude Code, local scope)`. */
export function label({ name, client, scope }: Entry): string {
  return `${name} (${client.title}, ${scope} scope)`;
}

/** Reads the files of clients, each once, and sorts their entries. */
class EntryReader {
  readonly candidates: Candidate[] = [];
  readonly refused: RefusedEntry[] = [];
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  readonly #request: ImportRequest;
  /** By path; `undefined` if there is nothing that can be read. */
  readonly #files = new Map<string, ConfigFile | undefined>();
  /** Who has the file itself, by its path and the map in it: two clients may share one by a symbolic link. */
  readonly #owners = new Map<string, Client>();

  constructor(request: ImportRequest) {
    this.#request = request;
  }

  read(client: Client): void {
    const { surroundings, scopes } = this.#request;
    // If the project is the home folder, its file is the user's file.
    const maps = new Map(client.maps(surroundings).map((map) => [keyOf(map.file, map.path), map]));
    const rules = client.rules?.(surroundings);
    let found = false;
    for (const map of maps.values()) {
      if (scopes.length > 0 && !scopes.includes(map.scope)) continue;
      const config = this.#file(map.file);
      if (config === undefined) continue;
      const names = config.document.keys(map.path);
      if (names.length === 0 || !this.#owns(client, config, map)) continue;
      found = true;
      for (const name of names) this.#entry(client, map, config, name, rules);
    }
    if (found) this.warnings.push(...(rules?.warnings ?? []));
  }

  #file(path: string): ConfigFile | undefined {
    if (this.#files.has(path)) return this.#files.get(path);
    let file: ConfigFile | undefined;
    try {
      file = readConfigFile(path, this.#request.surroundings.userId);
    } catch (error) {
      if (!(error instanceof ConfigFileProblem)) throw error;
      this.problems.push(error.message);
    }
    this.#files.set(path, file);
    return file;
  }

  #owns(client: Client, config: ConfigFile, map: ServerMap): boolean {
    const key = keyOf(config.path, map.path);
    const owner = this.#owners.get(key);
    this.#owners.set(key, owner ?? client);
    if (owner === undefined) return true;
    this.warnings.push(
      `${map.file} of ${client.title} is the same file as one of ${owner.title}: it is edited once, as ${owner.title} reads it.`,
    );
    return false;
  }

  #entry(
    client: Client,
    map: ServerMap,
    config: ConfigFile,
    name: string,
    rules: ClientRules | undefined,
  ): void {
    const { gateway, surroundings } = this.#request;
    const path = [...map.path, name];
    const entry: Entry = { client, scope: map.scope, file: config.path, name };
    const refuse = (reason: string): void => void this.refused.push({ ...entry, reason });
    if (config.document.isAmbiguous(path)) return refuse('the file has it twice: keep one of them');
    const value = config.document.value(path);
    if (leadsTo(value, gateway.origin)) return refuse('it is moved already');
    const reading = readEntry(client, map, value, surroundings.home);
    if (reading.kind === 'refused') return refuse(reading.reason);
    const { server, secrets, required, notes } = reading;
    if (config.refusal !== undefined) return refuse(config.refusal);
    if (config.path === gateway.file?.path) {
      return refuse("the file is the gateway's own: choose another with --config");
    }
    const serverName = isServerName(name) ? name : serverNameOf(name);
    const url = `${gateway.origin}/${serverName}/mcp`;
    const forbidden = rules?.refusal(name, url);
    if (forbidden !== undefined) return refuse(forbidden);
    this.candidates.push({ ...entry, serverName, url, path, config, server, secrets, required, notes });
  }
}

/** Whether an entry is one that an import wrote: a URL of the gateway, alone or as an argument of `bulkhead bridge`. */
function leadsTo(value: unknown, origin: string): boolean {
  const { args, ...properties } = (value ?? {}) as Record<string, unknown>;
  const texts = [
    ...Object.values(properties),
    ...(Array.isArray(args) && args.includes('bridge') ? args : []),
  ];
  return texts.some((text) => typeof text === 'string' && text.startsWith(`${origin}/`));
}

function entryOf({ client, scope, file, name }: Entry): Entry {
  return { client, scope, file, name };
}

function keyOf(file: string, path: JsonPath): string {
  return JSON.stringify([file, ...path]);
}

function byServerName(candidates: readonly Candidate[]): Map<string, Candidate[]> {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const group = groups.get(candidate.serverName);
    if (group === undefined) groups.set(candidate.serverName, [candidate]);
    else group.push(candidate);
  }
  return groups;
}

/** The one server that all of these entries start, or `undefined`. One without a folder was started anywhere. */
function oneServer(group: readonly Candidate[]): ServerConfig | undefined {
  const folders = new Set(group.flatMap(({ server }) => server.cwd ?? []));
  const rest = new Set(group.map(({ server: { cwd, ...others } }) => canonicalJson(others)));
  if (folders.size > 1 || rest.size > 1) return undefined;
  return (group.find(({ server }) => server.cwd !== undefined) ?? group[0])?.server;
}

function conflict(group: readonly Candidate[]): string {
  const places = group.map(({ client, scope }) => `${client.title} (${scope} scope)`).join(', ');
  return `entries of this name differ: ${places}. Rename all but one, or choose one with --client and --scope`;
}

function inUse(gateway: GatewayFile, name: string, server: ServerConfig): string | undefined {
  if (gateway.has(name, server) !== false) return undefined;
  return `${gateway.path} has another server ${JSON.stringify(name)}: rename one of the two`;
}

function unsetVariables(accepted: readonly Candidate[], { environment }: Surroundings): string[] {
  const names = new Set(accepted.flatMap(({ required }) => required));
  const unset = [...names].filter((name) => environment[name] === undefined).sort();
  return unset.length === 0
    ? []
    : [`Not set here, and needed where the gateway starts: ${unset.join(', ')}.`];
}

function needsToken({ gateway, surroundings }: ImportRequest): boolean {
  return gateway.hasToken || surroundings.environment.BULKHEAD_TOKEN !== undefined;
}

/** If a client has no variables, the user has to write the token into the entry. */
function tokenNote(entry: Candidate): string[] {
  if (entry.client.syntax !== 'none') return [];
  return [
    `${label(entry)}: the gateway asks for a token, which ${entry.client.title} has to give to the bridge: add "env": {"BULKHEAD_TOKEN": "..."} to the entry.`,
  ];
}

function editedFiles(accepted: readonly Candidate[], request: ImportRequest): EditedFile[] {
  const { bridge } = request;
  const files = new Map<string, { file: ConfigFile; edits: TextEdit[]; paths: JsonPath[] }>();
  for (const { client, config, path, url } of accepted) {
    const edited = files.get(config.path) ?? { file: config, edits: [], paths: [] };
    const set = client.remoteEntry({ url, needsToken: needsToken(request), bridge });
    const drop = STDIO_PROPERTIES.filter((key) => !(key in set));
    edited.edits.push(...config.document.editObject(path, 'command', set, drop));
    edited.paths.push(path);
    files.set(config.path, edited);
  }
  return [...files.values()];
}
