/** Runs the bundle of a server module or of a program. It requires only Node's own modules. */
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import type { ModuleText } from '../src/shared/thread-start.js';

type ModuleFunction = (exports: object, require: NodeJS.Require, module: { exports: object }) => unknown;

export interface CompiledText {
  readonly script: Script;
  /**
   * @param origin the file, or its URL, from which it requires
   * @param module receives its exports
   * @returns what the text returns: of a program with `await` at the top level, a promise
   */
  run(origin: string, module: { exports: object }): unknown;
}

export function compiledText(
  { text, filename }: ModuleText,
  codeCache: Uint8Array | undefined,
): CompiledText {
  const head = '(function (exports, require, module) {';
  const script = new Script(`${head}${Buffer.from(text.buffer).toString('latin1')}\n})`, {
    filename,
    columnOffset: -head.length,
    ...(codeCache !== undefined && { cachedData: codeCache }),
  });
  return {
    script,
    run: (origin, module) =>
      (script.runInThisContext() as ModuleFunction)(module.exports, createRequire(origin), module),
  };
}
