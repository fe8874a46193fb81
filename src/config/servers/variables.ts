/** `${VAR}` and `${VAR:-default}` in the entries of servers, as Claude Code expands them, and what editors write besides. */
import { homedir } from 'node:os';
import { basename, sep } from 'node:path';
import { OWN_VARIABLE } from '../../shared/own-variables.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** A name of the environment, with a default where there is one; or whatever an editor has between the braces. */
// No default has braces: to look for the end of one in another would take time quadratic in the length of the text.
const VARIABLE = /\$\{(?:([A-Za-z_]\w*)(?::-([^{}]*))?|([^${}]+))\}/g;
/** What only an editor knows: answers to its questions, its settings, the results of its commands. */
const ONLY_IN_EDITOR = /^(?:input|config|command):/;

/** Finds the value of what stands between the braces; `undefined` where it is not known. */
export type Lookup = (name: string) => string | undefined;

/** The variables of the environment. */
export function environmentLookup(environment: Environment): Lookup {
  return (name) => {
    const value: unknown = OWN_VARIABLE.test(name) ? undefined : environment[name];
    // `constructor` and its like are members of any object.
    return typeof value === 'string' ? value : undefined;
  };
}

/**
 * What clients' files may have besides: `${env:NAME}` and the predefined variables of VS Code and Cursor ("Variables reference",
 * VS Code; "Config interpolation", Cursor).
 * @param workspace the folder that the client would have open
 */
export function editorLookup(environment: Environment, workspace: string): Lookup {
  const fromEnvironment = environmentLookup(environment);
  const predefined = new Map([
    ['workspaceFolder', workspace],
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
  /** What is left as it was written, as it was written. */
  readonly unknown: readonly string[];
  /** What only the client's editor could fill in, as it was written. */
  readonly unanswerable: readonly string[];
}

/** Replaces each variable in the text that has a value or a default. A variable that is set to nothing has a value. */
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
