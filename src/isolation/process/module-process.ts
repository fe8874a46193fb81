/**
 * A server module in a process: what a session thread runs, in a process of its own for each session. For modules that
 * could end the whole gateway, and for native add-ons that a thread cannot load.
 */
import { fileURLToPath } from 'node:url';
import type { BundledModule } from '../../servers/bundle-parts.js';
import { OriginalPositions } from '../../servers/original-positions.js';
import type { CodeCaches } from '../../shared/code-caches.js';
import type { ErrorDetail } from '../../shared/errors.js';
import type { ServeModuleFrame } from '../../shared/keeper-frames.js';
import type { EnvironmentOptions } from '../../shared/thread-start.js';
import type { ToolRuleLists } from '../../shared/tool-rules.js';
import type { TranspiledFiles } from '../../shared/typescript/transpile.js';
import { inheritedFlags } from './inherited-flags.js';
import type { ProcessKind } from './process-starter.js';

const ENTRY = fileURLToPath(new URL('../../../workers/process-entry.cjs', import.meta.url));
const MEBIBYTE = 1024 * 1024;

export interface ModuleProcessOptions {
  /** A `file:` URL; `undefined`: the built-in environment server. */
  readonly serverModule: string | undefined;
  readonly environment: EnvironmentOptions;
  /** The bundle of the server module, in shared memory. */
  readonly bundle?: BundledModule | undefined;
  /** The module's TypeScript files, if there is no bundle. */
  readonly transpiled?: TranspiledFiles | undefined;
  /** In shared memory; made in such a process, since V8 takes them only where its flags are the same. */
  readonly codeCaches?: CodeCaches | undefined;
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly tools: ToolRuleLists | undefined;
  /** Whether its sessions report what they answer to `initialize` and to the lists. */
  readonly learns: boolean;
  readonly startTimeoutMs: number;
  readonly processMemoryMb: number;
  readonly threadHeapMb: number;
  readonly threadMemoryMb: number;
  readonly cancelGraceMs: number;
  readonly fastPath: boolean;
  /** Whether its processes only find out whether the module can be served. */
  readonly isTrial?: boolean;
  /** With `full`, processes report the stacks of errors. */
  readonly errors?: ErrorDetail;
}

export function moduleProcess(options: ModuleProcessOptions): ProcessKind {
  const { bundle, cwd, cancelGraceMs, startTimeoutMs, processMemoryMb, threadHeapMb, threadMemoryMb } =
    options;
  const positions = bundle && new OriginalPositions(bundle);
  const serve: Omit<ServeModuleFrame, 'counters'> = {
    type: 'serve-module',
    entry: ENTRY,
    // The only limit that holds in a loop that does not yield.
    execArgv: [...inheritedFlags(process.execArgv), `--max-old-space-size=${threadHeapMb}`],
    cwd,
    env: definedVariables(options.env),
    memoryLimitBytes: processMemoryMb * MEBIBYTE,
    data: {
      moduleUrl: options.serverModule,
      environment: options.environment,
      tools: options.tools,
      learns: options.learns,
      memoryLimits: { heapBytes: threadHeapMb * MEBIBYTE, memoryBytes: threadMemoryMb * MEBIBYTE },
      moduleText: bundle && { text: bundle.text, filename: bundle.filename },
      transpiled: options.transpiled,
      codeCaches: options.codeCaches,
      showsStacks: options.errors === 'full',
      fastPath: options.fastPath,
      isTrial: options.isTrial === true,
      // The keeper sets that of the whole process.
      linuxPriority: undefined,
    },
  };
  return {
    cancelGraceMs,
    importsModule: true,
    readyDeadlineMs: startTimeoutMs,
    setupDeadlineMs: startTimeoutMs,
    serve: (counters) => ({ ...serve, counters }),
    readable: (text) => positions?.in(text) ?? text,
  };
}

function definedVariables(env: Readonly<NodeJS.ProcessEnv>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((variable): variable is [string, string] => variable[1] !== undefined),
  );
}
