/**
 * One session of a Node program that speaks stdio and runs in this thread, unmodified. The program gets a `process` like
 * that of a process of its own. Its lines go to a `StdioSession` in the same thread, and from there as frames to the
 * main thread, which sees a session thread as any other.
 */
import type { MessagePort } from 'node:worker_threads';
import { cut, messageOf, toPlainError } from '../../src/shared/errors.js';
import { decodeToWorker, encodeFromWorker } from '../../src/shared/frames/codec.js';
import type { ExitedFrame, FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import type { ToWorkerFrame } from '../../src/shared/frames/to-worker.js';
import { CHILD_MARKER } from '../../src/shared/keeper-frames.js';
import { MAX_LINE_BYTES } from '../../src/shared/line-buffer.js';
import type { LineOwner } from '../../src/shared/line-reader.js';
import type { NodeProgram, ProgramThreadData, SessionThreadTask } from '../../src/shared/thread-start.js';
import { watchMemory } from '../session/memory-guard.js';
import type { Program } from '../stdio/program.js';
import { ServerLog } from '../stdio/server-log.js';
import { StdioSession, type StdioSessionOwner } from '../stdio/stdio-session.js';
import { ownSystemThreadId, stepBack } from '../system-thread.js';
import { ToolView } from '../tool-rules.js';
import { type LoadedProgram, loadProgram } from './load-program.js';
import { OutputLines } from './output-lines.js';
import { type EndThread, endWhenIdle, ownProcess } from './own-process.js';
import { ownStandardFiles } from './standard-files.js';
import { ProgramInput, ProgramOutput } from './standard-streams.js';
import { StartedChildren } from './started-children.js';
import { WorkingFolder } from './working-folder.js';

/** Lines of stderr are meant for people. */
const MAX_STDERR_LINE_BYTES = 64 * 1024;
/** Its client asks for lists and makes a first call in this time. */
const CODE_CACHE_AFTER_MS = 1_000;
/** A program that closes a pipe exits, as a rule; longer, and it lives on without it. */
const EXIT_FOLLOWS_MS = 500;
const MAX_MESSAGE_CHARS = 1_000;

export class ProgramThread implements Program, StdioSessionOwner {
  readonly #port: MessagePort;
  readonly #task: SessionThreadTask;
  readonly #data: ProgramThreadData;
  readonly #session: StdioSession;
  readonly #log: ServerLog;
  readonly #loading: LoadedProgram;
  readonly #stdin: ProgramInput;
  readonly #stdout: ProgramOutput;
  readonly #stderr: ProgramOutput;
  readonly #stdoutLines: OutputLines;
  readonly #stderrLines: OutputLines;
  readonly #thrown: { error?: unknown } = {};
  #children: StartedChildren | undefined;
  #endThread: EndThread = () => process.exit();
  /** Whether it was told to end, so that its end does not count as a death. */
  #ending = false;
  #codeCacheIsWanted = false;
  #stepBack: (() => void) | undefined;
  #over = false;
  #hasEnded: () => void = () => {};

  constructor(task: SessionThreadTask, data: ProgramThreadData) {
    const { program } = data;
    this.#task = task;
    this.#data = data;
    this.#port = task.port;
    this.#loading = loadProgram(data);
    const tools = program.tools === undefined ? undefined : new ToolView(program.tools);
    const { startTimeoutMs, learns } = program;
    this.#session = new StdioSession(this, { startTimeoutMs, tools, learns }, this);
    this.#log = new ServerLog((frame) => this.post(frame));
    this.#stdin = new ProgramInput({
      onDrained: () => this.#session.drained(),
      onWaiting: (waits) => (waits ? this.#port.ref() : this.#port.unref()),
    });
    this.#stdoutLines = new OutputLines(MAX_LINE_BYTES, this.#lineOwner());
    this.#stderrLines = new OutputLines(MAX_STDERR_LINE_BYTES, this.#log, true);
    this.#stdout = new ProgramOutput(1, (chunk) => this.#stdoutLines.push(chunk));
    this.#stderr = new ProgramOutput(2, (chunk) => this.#stderrLines.push(chunk));
  }

  /** Loads the program. Whatever it throws ends the thread. */
  start(): void {
    const { program, memoryLimits, linuxPriority } = this.#data;
    if (!program.waits) this.#becomeProcess(program);
    watchMemory(memoryLimits, (frame) => this.post(frame));
    const systemThreadId = ownSystemThreadId();
    this.#stepBack = () => stepBack(systemThreadId, linuxPriority);
    this.#port.on('message', (posted: unknown) => this.#receive(decodeToWorker(posted)));
    this.post({
      type: 'ready',
      systemThreadId,
      // It changes when the program has started.
      niceness: undefined,
      traits: { staticLists: false, sleeps: program.sleeps, affinity: undefined, reuse: undefined },
      rejectedCaches: this.#loading.rejectsCache ? ['module'] : [],
    });
    if (!program.waits) this.#load();
  }

  /** It waited until it was known for whom it is. */
  #startFor(variables: Readonly<Record<string, string>>): void {
    const { program } = this.#data;
    if (!program.waits || this.#children !== undefined) throw new TypeError('its program runs already');
    this.#becomeProcess({ ...program, env: { ...program.env, ...variables } });
    this.#load();
  }

  #load(): void {
    endWhenIdle();
    this.#loading.run();
  }

  /** It has answered. Until now it had the priority of the gateway, because its client waits for it. */
  #hasStarted(): void {
    this.#stepBack?.();
    this.#stepBack = undefined;
    if (this.#codeCacheIsWanted) this.#offerCodeCache();
  }

  #receive(frame: ToWorkerFrame): void {
    if (frame.type === 'code-cache') this.#codeCacheIsWanted = true;
    else if (frame.type === 'environment') this.#startFor(frame.variables);
    else this.#session.receive(frame);
  }

  /** A moment after it has answered `initialize`, what a session needs has been compiled. */
  #offerCodeCache(): void {
    setTimeout(() => {
      const module = this.#loading.codeCache();
      this.post({ type: 'code-cache', caches: { worker: new Uint8Array(), module } });
    }, CODE_CACHE_AFTER_MS).unref();
  }

  write(line: string): boolean {
    if (this.#stdin.destroyed && !this.#ending) this.#uselessSoon('stdin');
    this.#stdin.offer(line);
    return false;
  }

  pause(): void {
    this.#stdout.hold();
  }

  resume(): void {
    this.#stdout.release();
  }

  /**
   * Closes its stdin. If it neither ends by itself nor waits for SIGTERM, it is done: a process would end at that
   * signal.
   */
  end(): Promise<void> {
    this.#ending = true;
    this.#stdin.finish();
    setTimeout(() => {
      // Without a listener, the signal would end a process.
      if (!process.emit('SIGTERM', 'SIGTERM')) this.#hasEnded();
    }, this.#data.cancelGraceMs / 2).unref();
    return new Promise<void>((resolve) => {
      this.#hasEnded = resolve;
    }).then(() => this.#children?.kill());
  }

  post(frame: FromWorkerFrame): void {
    if (frame.type === 'send' && this.#stepBack !== undefined) this.#hasStarted();
    if (!this.#over) this.#port.postMessage(encodeFromWorker(frame));
  }

  onTaken(): void {
    Atomics.add(this.#task.counters.takenMessages, 0, 1);
  }

  onStrangeLine(line: string, why: string): void {
    this.#log.strange(line, why);
  }

  #becomeProcess(program: NodeProgram): void {
    const [stdin, stdout, stderr] = [this.#stdin, this.#stdout, this.#stderr];
    this.#endThread = ownProcess({
      program,
      stdin,
      stdout,
      stderr,
      onExit: (code) => this.#exiting(code),
      onIdle: () => void this.#children?.kill(),
      onKilled: (signal) =>
        this.#end({ type: 'exited', cause: 'crash', message: `it was ended by ${signal}` }),
    });
    const { childMarker, temporaryFolder } = this.#task;
    for (const name of ['TMPDIR', 'TMP', 'TEMP']) process.env[name] = temporaryFolder;
    process.env[CHILD_MARKER] = childMarker;
    process.on('uncaughtExceptionMonitor', (error) => {
      this.#thrown.error = error;
    });
    ownStandardFiles({ stdin, stdout, stderr, onStdoutClosed: () => this.#stdoutClosed() });
    this.#children = new StartedChildren(new WorkingFolder(program.cwd), { stdout, stderr });
  }

  #exiting(code: number): void {
    if (this.#over) return;
    this.#stdout.flush();
    this.#stderr.flush();
    this.#stdoutLines.end();
    if ('error' in this.#thrown) {
      // Node prints it to the stderr of a process.
      const { error } = this.#thrown;
      const { stack } = toPlainError(error);
      this.#log.onLine(`Uncaught:\n${stack ?? messageOf(error)}`);
      const message = `it crashed: ${cut(messageOf(error), MAX_MESSAGE_CHARS)}`;
      return this.#report({ type: 'exited', cause: 'crash', message, ...(stack !== undefined && { stack }) });
    }
    this.#stderrLines.end();
    const how = `it ended with exit code ${code}`;
    const { lastLine } = this.#log;
    this.#report({
      type: 'exited',
      cause: 'exit',
      message: lastLine === undefined ? how : `${how}; the last that it wrote to stderr: ${lastLine}`,
    });
  }

  #report(exited: ExitedFrame): void {
    this.#session.close();
    this.#log.close();
    this.post(this.#ending ? { type: 'ended' } : exited);
    this.#over = true;
  }

  /** Ends the thread at once. */
  #end(exited: ExitedFrame): void {
    this.#report(exited);
    this.#endThread(1);
  }

  #stdoutClosed(): void {
    this.#session.outputEnded();
    this.#uselessSoon('stdout');
  }

  /** It is alive, and cannot be asked, or cannot answer, anything more. */
  #uselessSoon(closed: 'stdin' | 'stdout'): void {
    setTimeout(() => {
      if (this.#ending) return;
      this.#end({ type: 'exited', cause: 'exit', message: `it closed its ${closed} and went on running` });
    }, EXIT_FOLLOWS_MS).unref();
  }

  #lineOwner(): LineOwner {
    return {
      onLine: (line, valid) => {
        if (!valid)
          this.#log.note('warn', 'a line on stdout is no UTF-8: what is none was replaced by U+FFFD');
        this.#guarded(() => this.#session.line(line));
      },
      onOverlong: (head, tail, bytes) => this.#guarded(() => this.#session.overlong(head, tail, bytes)),
    };
  }

  /** The program called `write`, and must not see what goes wrong here. */
  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      const message = `what it wrote could not be handled: ${messageOf(error)}`;
      this.#end({ type: 'exited', cause: 'crash', message });
    }
  }
}
