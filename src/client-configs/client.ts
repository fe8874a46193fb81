/**
 * What `import` has to know about a client: where its files are, the meaning of their entries, and the form of an entry
 * over HTTP.
 */
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

/** `local`: for one user in one project; only Claude Code has it. */
export const SCOPES = ['user', 'project', 'local'] as const;
export type Scope = (typeof SCOPES)[number];

/** One map of servers in one file. */
export interface ServerMap {
  readonly scope: Scope;
  /** Absolute. */
  readonly file: string;
  readonly path: JsonPath;
  /**
   * The project's folder, in which the client starts these servers; `undefined` if it depends on the client's window.
   */
  readonly folder?: string;
}

/** The notation of variables in a client's entries. */
export type VariableSyntax =
  /** `${VAR}` and `${VAR:-default}`, as the gateway does. */
  | 'braces'
  /** `${env:VAR}`, `${workspaceFolder}` and others of VS Code. */
  | 'vscode'
  /** `$VAR` and `${VAR}`. */
  | 'shell'
  /** None: `${VAR}` is plain text. */
  | 'none';

/** The address at which a client reaches the gateway's entry. */
export interface Destination {
  readonly url: string;
  /**
   * Whether the gateway requires the bearer token. The token itself is never written, only the name of its variable:
   * `BULKHEAD_TOKEN`.
   */
  readonly needsToken: boolean;
  /** The command and arguments that run `bulkhead bridge`, for clients that do not support HTTP. */
  readonly bridge: readonly string[];
}

export interface Client {
  readonly name: ClientName;
  /** In the spelling of its makers. */
  readonly title: string;
  readonly syntax: VariableSyntax;
  /** Whether it starts a server in the `cwd` of the entry; others ignore that key. */
  readonly usesCwd: boolean;
  /**
   * Every place where the client looks, whether the file exists or not; the scope with the highest precedence first.
   */
  maps(surroundings: Surroundings): ServerMap[];
  /** The properties of an entry that reaches the destination. Other properties of the entry stay. */
  remoteEntry(destination: Destination): Readonly<Record<string, unknown>>;
  /** One sentence that says why only this client cannot have the entry changed, or `undefined`. */
  refusal?(entry: Readonly<Record<string, unknown>>): string | undefined;
  /** What an administrator has set for this client's servers. */
  rules?(surroundings: Surroundings): ClientRules;
}

export interface ClientRules {
  /** One sentence that says why a server of this name may not be at this address, or `undefined`. */
  refusal(name: string, url: string): string | undefined;
  /** Complete sentences about rules that are unknown. */
  readonly warnings: readonly string[];
}

/** Properties that only make sense for a command. An entry over HTTP has none of them. */
export const STDIO_PROPERTIES = ['type', 'command', 'args', 'env', 'cwd', 'envFile'] as const;

/**
 * The header with the gateway's token, if one is required. It contains the name of the variable, not the token.
 * @param prefix what the client writes before the name of a variable
 */
export function bearer(
  { needsToken }: Destination,
  prefix: '' | 'env:' = '',
): Readonly<Record<string, unknown>> {
  return needsToken ? { headers: { Authorization: `Bearer \${${prefix}BULKHEAD_TOKEN}` } } : {};
}
