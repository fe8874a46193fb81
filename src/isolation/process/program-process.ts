/** A program that speaks stdio: any command, with a process of its own for each session. */
import type { ServeFrame } from '../../shared/keeper-frames.js';
import type { ToolRuleLists } from '../../shared/tool-rules.js';
import { READY_DEADLINE_MS } from '../port/worker-start.js';
import type { ProcessKind } from './process-starter.js';
import type { ProgramFiles } from './program-files.js';

const MEBIBYTE = 1024 * 1024;
/** The keeper reports earlier, and in more detail, that a program does not answer. */
const KEEPER_LEAD_MS = 5_000;

export interface ProgramProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** A Node program: the command is Node, and the arguments are those of the script. */
  readonly node: { readonly script: string; readonly files: ProgramFiles } | undefined;
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** As in `ServeFrame`. */
  readonly waits: boolean;
  readonly startTimeoutMs: number;
  readonly processMemoryMb: number;
  readonly cancelGraceMs: number;
  /** Whether its sessions may lose their process while they have no work. */
  readonly sleeps: boolean;
  readonly tools: ToolRuleLists | undefined;
  /** Whether to report what it answers to `initialize` and to the lists. */
  readonly learns: boolean;
}

export function programProcess(options: ProgramProcessOptions): ProcessKind {
  const { processMemoryMb, cancelGraceMs, node, ...program } = options;
  const memoryLimitBytes = processMemoryMb * MEBIBYTE;
  return {
    cancelGraceMs,
    importsModule: false,
    readyDeadlineMs: READY_DEADLINE_MS,
    setupDeadlineMs: program.startTimeoutMs + KEEPER_LEAD_MS,
    serve: ({ handledBytes, takenMessages }): ServeFrame => ({
      type: 'serve',
      ...program,
      args: node?.files.argumentsFor(node.script, program.args) ?? program.args,
      memoryLimitBytes,
      counters: { handledBytes, takenMessages },
    }),
    readable: (text) => node?.files.in(text) ?? text,
    close: async () => node?.files.close(),
  };
}
