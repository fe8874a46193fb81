/** `${VAR}` and `${VAR:-default}` in the entries of servers, as Claude Code expands them, and the variables of editors. */
import { homedir } from 'node:os';
import { basename, sep } from 'node:path';
import { OWN_VARIABLE } from '../../shared/own-variables.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** An environment variable, with an optional default; or anything else that an editor may have between the braces. */
// A default has no braces: searching for the end of one default inside another would take quadratic time.
const VARIABLE = /\$\{(?:([A-Za-z_]\w*)(?::-([^{}]*))?|([^${}]+))\}/g;
/** What only an editor knows: the user's answers, its settings, the results of its commands. */
const ONLY_IN_EDITOR = /^(?:input|config|command|workspaceFolder):/;

/** Returns the value of what is between the braces; `undefined` if it is not known. */
export type Lookup = (name: string) => string | undefined;

/** The variables of the environment. */
export function environmentLookup(environment: Environment): Lookup {
  return (name) => {
    const value: unknown = OWN_VARIABLE.test(name) ? undefined : environment[name];
    // `constructor`, for example, is a member of every object.
    return typeof value === 'string' ? value : undefined;
  };
}

/**
 * What clients' files may use in addition: `${env:NAME}` and the predefined variables of Claude Code, VS Code and Cursor ("Variables reference",
 * VS Code; "Config interpolation", Cursor).
 * @param workspace the folder that the client would have open
 */
export function editorLookup(environment: Environment, workspace: string): Lookup {
  const fromEnvironment = environmentLookup(environment);
  const predefined = new Map([
    // Claude Code sets these two for its own commands; the gateway has others, or none.
    ['CLAUDE_PROJECT_DIR', workspace],
    ['PWD', workspace],
    ['workspaceFolder', workspace],
    ['cwd', workspace],
    ['workspaceFolderBasename', basename(workspace)],
    ['userHome', homedir()],
    ['pathSeparator', sep],
    ['/', sep],
  ]);
  return (name) =>
    predefined.get(name) ?? fromEnvironment(name.startsWith('env:') ? name.slice('env:'.length) : name);
}

export interface Expansion {
  readonly text: string;
  /** Variables without a value, as written; they stay in the text. */
  readonly unknown: readonly string[];
  /** Variables that only the client's editor can fill in, as written. */
  readonly unanswerable: readonly string[];
}

/** Replaces each variable that has a value or a default. An empty value is a value. */
export function expandVariables(text: string, lookup: Lookup): Expansion {
  const unknown: string[] = [];
  const unanswerable: string[] = [];
  const expanded = text.replace(
    VARIABLE,
    (written: string, name?: string, other?: string, editor?: string) => {
      const value = lookup(name ?? editor ?? '') ?? other;
      if (value !== undefined) return value;
      (ONLY_IN_EDITOR.test(editor ?? '') ? unanswerable : unknown).push(written);
      return written;
    },
  );
  return { text: expanded, unknown, unanswerable };
}

/** What refers to whoever the server is started for (`personal-variables.ts`), or begins as if it did. */
export const REFERENCE = /\$\{(principal\.|secret:)([^{}]*)\}/g;

export function isPersonal(text: string): boolean {
  return text.search(REFERENCE) !== -1;
}

/** The first of these references in a value of an entry. */
export function referenceIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value.match(REFERENCE)?.[0];
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.values(value)
    .map(referenceIn)
    .find((reference) => reference !== undefined);
}
