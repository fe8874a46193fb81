/**
 * How a TypeScript file becomes JavaScript. A bundle and the hooks that load single files use the same options, so that
 * both run the same code.
 */
import type { TransformFailure, TransformOptions } from 'esbuild';
import type { ModuleKind } from '../module-kind.js';
import { tsconfigOf } from './tsconfig.js';

const TYPESCRIPT_FILE = /\.[cm]?ts$/;
/** Lowering them makes classes with other names. */
const DECORATOR = /(?:^|[\s;{(])@[\w$(]/;

/** A TypeScript file as JavaScript. */
export interface TranspiledFile {
  readonly format: ModuleKind;
  /** With its source map, as a comment at its end. */
  readonly source: string;
}

/** By path. */
export type TranspiledFiles = Readonly<Record<string, TranspiledFile>>;

/** A file with JSX is not meant. */
export function isTypeScript(path: string): boolean {
  return TYPESCRIPT_FILE.test(path);
}

/** @param banner put before the code; the source map allows for it */
export function transpileOptions(
  path: string,
  text: string,
  format: ModuleKind,
  banner?: string,
): TransformOptions {
  return {
    loader: 'ts',
    format: format === 'commonjs' ? 'cjs' : 'esm',
    platform: 'node',
    target: `node${process.versions.node}`,
    sourcefile: path,
    sourcemap: 'inline',
    sourcesContent: false,
    keepNames: DECORATOR.test(text),
    logLevel: 'silent',
    tsconfigRaw: { compilerOptions: codeOptions(path) },
    ...(banner !== undefined && { banner }),
  };
}

const CODE_OPTIONS = [
  'experimentalDecorators',
  'useDefineForClassFields',
  'verbatimModuleSyntax',
  'importsNotUsedAsValues',
  'preserveValueImports',
  'alwaysStrict',
  'strict',
  'target',
] as const;

/** Those of the options of `tsconfig.json` that change what the code does. */
function codeOptions(path: string): Record<string, unknown> {
  const options: Readonly<Record<string, unknown>> = tsconfigOf(path)?.config.compilerOptions ?? {};
  const named = CODE_OPTIONS.filter((name) => options[name] !== undefined);
  return Object.fromEntries(named.map((name) => [name, options[name]]));
}

/** @returns esbuild's error as one sentence that begins with file, line and column */
export function transpileError(path: string, error: unknown): SyntaxError {
  const [first] = (error as Partial<TransformFailure>).errors ?? [];
  const { line, column } = first?.location ?? {};
  const place = line === undefined || column === undefined ? path : `${path}:${line}:${column + 1}`;
  return new SyntaxError(`${place}: ${first?.text ?? (error as Error).message}`, { cause: error });
}
