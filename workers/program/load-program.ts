/** The program of a thread: its bundle, compiled with V8's code cache, or its files, as Node loads them. */
import { realpathSync } from 'node:fs';
import type { ProgramThreadData } from '../../src/shared/thread-start.js';
import { compiledText } from '../module-text.js';

export interface LoadedProgram {
  /** Whether V8 refused the code cache. */
  readonly rejectsCache: boolean;
  /** With what has been compiled so far; `undefined` without a bundle. */
  codeCache(): Uint8Array | undefined;
  /** Runs it. What it throws at its top level is thrown here, or is an unhandled rejection. */
  run(): void;
}

export function loadProgram({ program, programText, codeCache }: ProgramThreadData): LoadedProgram {
  if (programText === undefined) {
    const { runMain } = require('node:module') as { readonly runMain: (file: string) => void };
    return {
      rejectsCache: false,
      codeCache: () => undefined,
      run: () => {
        forgetMainModule();
        runMain(process.argv[1] ?? program.script);
      },
    };
  }
  const { script, run } = compiledText(programText, codeCache);
  return {
    rejectsCache: script.cachedDataRejected === true,
    codeCache: () => script.createCachedData(),
    run: () => {
      forgetMainModule();
      void run(realpathSync(program.script), { exports: {} });
    },
  };
}

/** It is piscina's. A program that is an ES module has none, and `runMain` sets that of any other. */
function forgetMainModule(): void {
  Object.assign(process, { mainModule: undefined });
}
