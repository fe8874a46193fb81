/** Runs the bundle of a server module or of a program. It requires only Node's own modules. */
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import { FUNCTION_HEAD, FUNCTION_TAIL } from '../src/shared/program-files.js';
import type { ModuleText } from '../src/shared/thread-start.js';

type ModuleFunction = (exports: object, require: NodeJS.Require, module: { exports: object }) => unknown;

export interface CompiledText {
  readonly script: Script;
  /**
   * @param origin the file, or its URL, from which it requires
   * @param module receives its exports
   * @returns what the text returns: a promise if ES modules are in it
   */
  run(origin: string, module: { exports: object }): unknown;
}

export function compiledText(
  { text, filename }: ModuleText,
  codeCache: Uint8Array | undefined,
): CompiledText {
  const body = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
  return compiledFunction(`${FUNCTION_HEAD}${body}${FUNCTION_TAIL}`, filename, codeCache);
}

/** @param text with the head and the tail of a function */
export function compiledFunction(
  text: string,
  filename: string,
  codeCache: Uint8Array | undefined,
): CompiledText {
  const script = new Script(text, {
    filename,
    columnOffset: -FUNCTION_HEAD.length,
    ...(codeCache !== undefined && { cachedData: codeCache }),
  });
  return {
    script,
    run: (origin, module) =>
      (script.runInThisContext() as ModuleFunction)(module.exports, createRequire(origin), module),
  };
}
