/**
 * A command that speaks MCP on stdin and stdout, started for a client. The SDK's own transport leaves behind what the
 * command starts. Here the command has its own process group and mark, and ends together with all of its descendants.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { type JSONRPCMessage, JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';
import { killDescendants } from '../isolation/thread/thread-children.js';
import { CHILD_MARKER } from '../shared/keeper-frames.js';
import { LineReader } from '../shared/line-reader.js';
import {
  HAS_PROCESS_GROUPS,
  signalGroup,
  signalLeaderlessGroup,
  signalProcess,
} from '../shared/process-group.js';
import { newMark } from '../shared/process-owner.js';
import {
  HAS_PROCESS_TABLE,
  lookAtProcesses,
  markedProcesses,
  type ProcessEntry,
  readProcess,
} from '../shared/process-table.js';

/** How long it may take to end by itself, after its stdin is closed, and again after SIGTERM. */
const GRACE_MS = 1_000;
/** Much more than a list of many large tools needs. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** The part of stderr that is kept for the message about what went wrong. */
const KEPT_CHARS = 4_096;

export interface StartedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export class StdioProcess implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  /** How it ended; `undefined` while it runs. */
  ending: string | undefined;
  readonly #started: StartedCommand;
  readonly #exited = new AbortController();
  /** In the environment of everything that it starts. If this process is killed, the next gateway finds it by that. */
  readonly #mark = newMark();
  #child: ChildProcess | undefined;
  #stderr = '';
  /** Number of lines of stdout that were not messages. */
  strayLines = 0;

  constructor(started: StartedCommand) {
    this.#started = started;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The last line that it wrote to stderr; empty if there is none. */
  get lastWords(): string {
    return this.#stderr.trimEnd().split('\n').at(-1)?.trim() ?? '';
  }

  /** @throws if the system does not start it */
  async start(): Promise<void> {
    const { command, args, cwd } = this.#started;
    const env = { ...this.#started.env, [CHILD_MARKER]: this.#mark };
    const child = spawn(command, args, { cwd, env, detached: HAS_PROCESS_GROUPS, stdio: 'pipe' });
    this.#child = child;
    const lines = new LineReader(MAX_LINE_BYTES, {
      onLine: (line) => this.#take(line),
      onOverlong: () => {
        this.strayLines += 1;
      },
    });
    child.stdout.on('data', (chunk: Buffer) => lines.push(chunk));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_CHARS);
    });
    // The command may have ended, which its exit reports.
    child.stdin.on('error', () => {});
    child.on('error', (error) => this.onerror?.(error));
    child.once('close', (code, signal) => {
      // A command that was never started has an error, but no exit.
      if (child.pid !== undefined) this.ending = signal === null ? `exit code ${code}` : signal;
      this.#exited.abort();
      this.onclose?.();
    });
    await once(child, 'spawn');
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.#child?.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  /** Ends it and everything that it has started, whatever their groups. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    const family = descendantsOf(child.pid);
    child.stdin?.end();
    if (!(await this.#exitsWithin(GRACE_MS))) {
      family.push(...descendantsOf(child.pid));
      signalGroup(child.pid, 'SIGTERM');
      if (!(await this.#exitsWithin(GRACE_MS))) killDescendants();
    }
    signalLeaderlessGroup(child.pid, 'SIGKILL');
    for (const { pid, startTicks } of family) {
      if (readProcess(pid)?.startTicks === startTicks) signalProcess(pid, 'SIGKILL');
    }
    this.#killMarked();
    // Whatever held its pipes open is gone now as well.
    await this.#exitsWithin(GRACE_MS);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }

  /** Those that have lost their parents and left the session. */
  #killMarked(): void {
    if (!HAS_PROCESS_TABLE) return;
    for (const { pid, marker } of markedProcesses()) {
      if (marker === this.#mark) signalProcess(pid, 'SIGKILL');
    }
  }

  async #exitsWithin(milliseconds: number): Promise<boolean> {
    const { signal } = this.#exited;
    if (signal.aborted) return true;
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', settle);
        resolve(signal.aborted);
      };
      const timer = setTimeout(settle, milliseconds);
      signal.addEventListener('abort', settle);
    });
  }

  #take(line: string): void {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      this.strayLines += 1;
      return;
    }
    const message = JSONRPCMessageSchema.safeParse(value);
    if (message.success) this.onmessage?.(message.data);
    else this.strayLines += 1;
  }
}

/** Its children, their children, and the processes in its session, which may have lost their parents. */
function descendantsOf(root: number): ProcessEntry[] {
  const table = lookAtProcesses()?.table;
  if (table === undefined) return [];
  const found = new Set([root]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const { pid, parent, session } of table.values()) {
      if (found.has(parent) || session === root) found.add(pid);
    }
  }
  found.delete(root);
  return [...table.values()].filter(({ pid }) => found.has(pid));
}
