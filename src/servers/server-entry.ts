/**
 * The catalogue: which servers a gateway has, and how each is started. Plain data, read and checked by `config/`; frozen,
 * also in depth.
 */

import type { Affinity } from '../shared/session-context.js';

/** A session's server runs in a thread of the gateway's process, or in a process of its own. */
export type Isolation = 'thread' | 'process';

/**
 * Where the lists of a server come from: the answers to its first session are kept for later ones, or each session
 * asks.
 */
export type Lists = 'learned' | 'dynamic';

/** Which tools clients see, under which names. Names in `allow`, `deny`, `rename` and `describe` are the server's own. */
export interface ToolRules {
  /** Globs: only tools that match one of them exist; `undefined`: all do. */
  readonly allow: readonly string[] | undefined;
  /** Globs: tools that match one of them do not exist, whatever `allow` says. */
  readonly deny: readonly string[];
  /** The name that clients see, by the server's own. No two are the same. */
  readonly rename: ReadonlyMap<string, string>;
  /** The description that clients see, by the server's own name. */
  readonly describe: ReadonlyMap<string, string>;
}

/** What a server has instead of the gateway's options of the same name. If a key is absent, the gateway's applies. */
export interface ServerOverrides {
  readonly sessionIdleMs?: number;
  /** `undefined`: none, whatever the gateway's is. */
  readonly sessionMaxAgeMs?: number | undefined;
  readonly disconnectGraceMs?: number;
  /** At most `threadMemoryMb`, the gateway's or the server's. */
  readonly threadHeapMb?: number;
  readonly threadMemoryMb?: number;
}

/** A piece of the value of an environment variable: a text, or what is known only when the server is started for somebody. */
export type VariablePart =
  | { readonly text: string }
  | { readonly principal: 'issuer' | 'subject' }
  | { readonly secret: string };

/** Environment variables whose values depend on who the server is started for, by name. */
export type PersonalVariables = Readonly<Record<string, readonly VariablePart[]>>;

interface EntryBase {
  /** Letters, digits, `-` and `_`; its endpoint is `/<name>/mcp`. */
  readonly name: string;
  readonly isolation: Isolation;
  /** What the entry says, with variables expanded, without what is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables that depend on who it is started for, and are not in `env`; `undefined`: none. Never of a module. */
  readonly personal?: PersonalVariables | undefined;
  /** Which variables of the gateway's environment it receives besides the usual few; `true`: all. */
  readonly inheritEnv: true | readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly startTimeoutMs: number;
  /** Started instances that wait for a session; `undefined`: the default for its isolation. */
  readonly spares: number | undefined;
  /** 0: never. `undefined`: the default for its kind. */
  readonly sleepAfterMs: number | undefined;
  readonly lists: Lists;
  /** What its state belongs to in the stateless era; `undefined`: what a module says itself, or the gateway's. */
  readonly affinity: Affinity | undefined;
  /** With affinity `handle`: the names of the tools that open and close sessions; `undefined`: the usual ones. */
  readonly openTool: string | undefined;
  readonly closeTool: string | undefined;
  /** With affinity `request`: whether a worker may serve a second request; `undefined`: the default for its kind. */
  readonly reuse: boolean | undefined;
  readonly tools: ToolRules | undefined;
  /** Resident memory of a session's process and its descendants. */
  readonly processMemoryMb: number;
  readonly overrides: ServerOverrides;
  /** Where it was given, for messages: `bulkhead.json, servers.fs`. */
  readonly source: string;
}

/** A server module: what `defineServer` makes. */
export interface ModuleEntry extends EntryBase {
  readonly kind: 'module';
  /** A `file:` URL; `undefined`: the built-in environment server. */
  readonly moduleUrl: string | undefined;
}

/** A Node program that speaks MCP on stdin and stdout. */
export interface ScriptEntry extends EntryBase {
  readonly kind: 'script';
  /** Absolute path of its file; of a package, that of its `bin`. */
  readonly script: string;
  readonly args: readonly string[];
}

/** Any command that speaks MCP on stdin and stdout. */
export interface CommandEntry extends EntryBase {
  readonly kind: 'command';
  /** An absolute path, or a name that is looked for in `PATH`. */
  readonly command: string;
  readonly args: readonly string[];
}

export type ServerEntry = ModuleEntry | ScriptEntry | CommandEntry;

/** A server that cannot be served, because its entry is wrong or something that it names is missing. */
export interface BrokenEntry {
  readonly name: string;
  /** As in `ServerEntry`. */
  readonly source: string;
  /** One sentence: what was wrong, and what would be right. */
  readonly reason: string;
  /** Reads the entry again: a missing file or package may exist now. Absent if that cannot help. */
  readonly readAgain?: () => ServerEntry | BrokenEntry;
  /** The absolute path of the file that is missing, if that is what is wrong. */
  readonly missingFile?: string;
}

export interface Catalogue {
  readonly servers: readonly ServerEntry[];
  readonly broken: readonly BrokenEntry[];
  /** Whether a single module or command was given, without a name. */
  readonly single: boolean;
  /**
   * What is not wrong but should be known, as sentences: remote servers that are not served, variables that are not
   * set.
   */
  readonly warnings: readonly string[];
}
