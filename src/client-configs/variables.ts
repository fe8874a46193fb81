/**
 * Translates the variables of a client to those of the gateway, `${VAR}` and `${VAR:-default}`. They are not expanded:
 * the gateway finds their values. What only the client knows, and what does not change, is replaced by its value.
 */
import { basename, sep } from 'node:path';
import { referenceIn } from '../config/servers/variables.js';
import type { VariableSyntax } from './client.js';

/** `${…}`, and the text between the braces. */
const BRACED = /\$\{([^{}]*)\}/g;
const SHELL = /\$(?:\{([^{}]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

export interface Place {
  readonly home: string;
  /** The project's folder, if there is one. */
  readonly folder?: string | undefined;
}

/** Translates every text of one entry, and records what it found. */
export class VariableTranslator {
  /** Variables of the environment that the entry refers to. */
  readonly names = new Set<string>();
  /** Those of them that have no default. */
  readonly required = new Set<string>();
  /** Texts that are literal for the client, but variables for the gateway. */
  readonly literals = new Set<string>();
  /** Why the entry cannot be moved: the first reason that was found. */
  refusal: string | undefined;
  readonly #syntax: VariableSyntax;
  readonly #place: Place;

  constructor(syntax: VariableSyntax, place: Place) {
    this.#syntax = syntax;
    this.#place = place;
  }

  translate(text: string): string {
    const reference = referenceIn(text);
    if (reference !== undefined)
      return this.#refuse(
        `${reference} has no meaning for the client, and for the gateway it is what belongs to whoever opens a session: move the entry by hand if that is meant`,
      );
    switch (this.#syntax) {
      case 'braces':
        return text.replace(BRACED, (whole, inner: string) => this.#braces(whole, inner));
      case 'vscode':
        return text.replace(BRACED, (whole, inner: string) => this.#vscode(whole, inner));
      case 'shell':
        return text.replace(SHELL, (whole, inner?: string, bare?: string) =>
          this.#shell(whole, inner ?? bare ?? ''),
        );
      case 'none':
        return text.replace(BRACED, (whole, inner: string) => this.#literal(whole, inner));
      default: {
        const unknown: never = this.#syntax;
        throw new Error(`unknown syntax ${unknown}`);
      }
    }
  }

  #braces(whole: string, inner: string): string {
    const name = NAME.exec(inner)?.[0];
    if (name === undefined) return whole;
    // Claude Code sets the first for its servers, and the shell sets the second; the gateway has others, or none.
    if (name === 'CLAUDE_PROJECT_DIR' || name === 'PWD') return this.#projectFolder(whole);
    this.#note(name, inner);
    return whole;
  }

  #shell(whole: string, inner: string): string {
    const name = NAME.exec(inner)?.[0];
    if (name === undefined) return whole;
    if (name === 'PWD') return this.#projectFolder(whole);
    this.#note(name, inner);
    return `\${${inner}}`;
  }

  #vscode(whole: string, inner: string): string {
    const { home, folder } = this.#place;
    const [kind = '', ...rest] = inner.split(':');
    switch (kind) {
      case 'env': {
        const name = rest.join(':');
        if (NAME.exec(name)?.[0] !== name) {
          return this.#refuse(`${whole} is no variable that the gateway knows`);
        }
        this.#note(name, name);
        return `\${${name}}`;
      }
      case 'userHome':
        return home;
      case 'pathSeparator':
      case '/':
        return sep;
      case 'workspaceFolder':
      case 'cwd':
        if (rest.length > 0) {
          return this.#refuse(`${whole} is a folder of a workspace that only the editor knows`);
        }
        return this.#projectFolder(whole);
      case 'workspaceFolderBasename':
        return folder === undefined ? this.#projectFolder(whole) : basename(folder);
      case 'input':
        return this.#refuse(
          `${whole} is a value that the editor asks you for, and the gateway can't: write \${env:NAME} in its place, and set NAME where the gateway starts`,
        );
      default:
        if (rest.length > 0) return this.#refuse(`${whole} is a variable that only the editor knows`);
        return this.#literal(whole, inner);
    }
  }

  #note(name: string, inner: string): void {
    this.names.add(name);
    if (inner === name) this.required.add(name);
  }

  #literal(whole: string, inner: string): string {
    if (NAME.test(inner)) this.literals.add(whole);
    return whole;
  }

  #projectFolder(whole: string): string {
    const { folder } = this.#place;
    if (folder !== undefined) return folder;
    return this.#refuse(
      `${whole} is the folder in which the client was started, which the gateway does not know: configure the server in the project, or write an absolute path`,
    );
  }

  #refuse(reason: string): string {
    this.refusal ??= reason;
    return '';
  }
}
