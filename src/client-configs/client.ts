/** What `import` has to know of a client: where its files are, what an entry of theirs means, what one over HTTP looks like. */
import type { JsonPath } from './json-document.js';
import type { Surroundings } from './surroundings.js';

export const CLIENT_NAMES = [
  'claude-code',
  'claude-desktop',
  'cursor',
  'vscode',
  'windsurf',
  'gemini-cli',
  'kiro',
  'codex',
] as const;
export type ClientName = (typeof CLIENT_NAMES)[number];

/** `local`: of one user in one project, which only Claude Code has. */
export const SCOPES = ['user', 'project', 'local'] as const;
export type Scope = (typeof SCOPES)[number];

/** One map of servers in one file. */
export interface ServerMap {
  readonly scope: Scope;
  /** Absolute. */
  readonly file: string;
  readonly path: JsonPath;
  /** The project's folder, in which the client starts these servers; none where it depends on the client's window. */
  readonly folder?: string;
}

/** How a client writes variables in its entries. */
export type VariableSyntax =
  /** `${VAR}` and `${VAR:-default}`, as the gateway does. */
  | 'braces'
  /** `${env:VAR}`, `${workspaceFolder}` and others of VS Code. */
  | 'vscode'
  /** `$VAR` and `${VAR}`. */
  | 'shell'
  /** None: `${VAR}` is text. */
  | 'none';

/** Where an entry of the gateway is reached. */
export interface Destination {
  readonly url: string;
  /** Whether the gateway asks for the bearer token, which is never written but named: `BULKHEAD_TOKEN`. */
  readonly needsToken: boolean;
  /** The command and arguments that run `bulkhead bridge`, for clients that know no HTTP. */
  readonly bridge: readonly string[];
}

export interface Client {
  readonly name: ClientName;
  /** As its makers write it. */
  readonly title: string;
  readonly syntax: VariableSyntax;
  /** Whether it starts a server in the `cwd` that the entry says; others ignore the key. */
  readonly usesCwd: boolean;
  /** Every place where it looks from these surroundings, whether there is a file or not; the strongest scope first. */
  maps(surroundings: Surroundings): ServerMap[];
  /** The properties of an entry that reaches the destination. Other properties of the entry stay. */
  remoteEntry(destination: Destination): Readonly<Record<string, unknown>>;
  /** One sentence: why this entry must stay as it is, for reasons that only this client has. */
  refusal?(entry: Readonly<Record<string, unknown>>): string | undefined;
  /** What an administrator says of this client's servers. */
  rules?(surroundings: Surroundings): ClientRules;
}

export interface ClientRules {
  /** One sentence: why a server of this name may not be at this address. */
  refusal(name: string, url: string): string | undefined;
  /** Whole sentences on rules that are not known. */
  readonly warnings: readonly string[];
}

/** Properties that only make sense for a command; an entry over HTTP has none of them. */
export const STDIO_PROPERTIES = ['type', 'command', 'args', 'env', 'cwd', 'envFile'] as const;

/**
 * The header with the gateway's token, where it asks for one: named, not written.
 * @param prefix what the client writes before the name of a variable
 */
export function bearer(
  { needsToken }: Destination,
  prefix: '' | 'env:' = '',
): Readonly<Record<string, unknown>> {
  return needsToken ? { headers: { Authorization: `Bearer \${${prefix}BULKHEAD_TOKEN}` } } : {};
}
