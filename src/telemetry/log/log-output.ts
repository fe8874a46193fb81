/** Where log lines go: to stderr without blocking the main thread, and in the format for people. */
import { constants, fstatSync, openSync, type Stats, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';
import type { DestinationStream } from 'pino';

/**
 * Bytes that wait for a slow reader of the log. Beyond this, lines are dropped and counted, and a line says how many.
 */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** How long `close` waits for a reader that does not read, because an exit must not hang. */
const FLUSH_DEADLINE_MS = 250;
const STDERR = 2;

export interface LogOutput extends DestinationStream {
  /** Resolves when every line is written or cannot be. No lines are accepted after that. */
  close(): Promise<void>;
}

/**
 * stderr. Nothing here waits for libuv's pool, which a tool can fill. A file accepts a line within microseconds. Pipes
 * and sockets are written from the event loop, so a pipe that nobody reads stops no session. A terminal is written at
 * once.
 * @param levelLabels whether its own lines have the name of their level instead of pino's number
 */
export function openStandardError(levelLabels = false): LogOutput {
  const dropped: DroppedLine = (lines, reason) => droppedLine(levelLabels ? 'warn' : WARN, lines, reason);
  let stats: Stats | undefined;
  try {
    stats = fstatSync(STDERR);
  } catch {
    // There is no such descriptor; `process.stderr` is then a stream that discards everything.
  }
  // A character device is `/dev/null`, a similar device, or a terminal.
  if (stats?.isFile() || (stats?.isCharacterDevice() && !isatty(STDERR))) return new FileOutput(dropped);
  const own = stats?.isFIFO() ? reopenedPipe() : undefined;
  return new StreamOutput(own ?? process.stderr, own !== undefined, dropped);
}

/**
 * Opens the pipe again, with flags of its own. The flags of stderr are shared with every process that inherits it, and
 * libuv makes it blocking whenever one is started: esbuild when the gateway starts, or what a tool starts with `stdio:
 * 'inherit'`.
 */
function reopenedPipe(): Socket | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const fd = openSync(`/proc/self/fd/${STDERR}`, constants.O_WRONLY | constants.O_NONBLOCK);
    return new Socket({ fd, readable: false, writable: true }).unref();
  } catch {
    // No /proc, a pipe of another user, or no reader any more: use the shared one.
    return undefined;
  }
}

/** When a disk is full, lines are lost, and a later line says how many. */
class FileOutput implements LogOutput {
  readonly #droppedLine: DroppedLine;
  #lost = 0;
  #reason = '';
  #torn = false;

  constructor(dropped: DroppedLine) {
    this.#droppedLine = dropped;
  }

  write(line: string): void {
    // After a line that was cut off by a full disk, begin a new line.
    const start = this.#torn ? '\n' : '';
    const notice = this.#lost > 0 ? this.#droppedLine(this.#lost, this.#reason) : '';
    if (!this.#put(`${start}${notice}${line}`)) this.#lost += 1;
    else this.#lost = 0;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #put(text: string): boolean {
    const bytes = Buffer.from(text);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(STDERR, bytes, written);
      this.#torn = false;
      return true;
    } catch (error) {
      this.#torn ||= written > 0;
      this.#reason = `stderr could not be written (${(error as NodeJS.ErrnoException).code})`;
      return false;
    }
  }
}

class StreamOutput implements LogOutput {
  readonly #stream: Socket;
  readonly #isOwn: boolean;
  readonly #droppedLine: DroppedLine;
  #dropped = 0;
  #closed = false;

  /** @param isOwn whether the stream ends with the log */
  constructor(stream: Socket, isOwn: boolean, dropped: DroppedLine) {
    this.#stream = stream;
    this.#isOwn = isOwn;
    this.#droppedLine = dropped;
    // Without a reader, the failure cannot be reported to anybody.
    stream.on('error', this.#onError);
  }

  write(line: string): void {
    if (this.#closed) return;
    if (this.#stream.writableLength + line.length > MAX_WAITING_BYTES) {
      this.#dropped += 1;
      if (this.#dropped === 1) this.#stream.once('drain', () => this.#reportDropped());
      return;
    }
    if (!this.#isOwn) keepFromBlocking(this.#stream);
    this.#stream.write(line);
  }

  async close(): Promise<void> {
    // Exceeds the limit by one line, because it cannot be reported later.
    if (!this.#closed && this.#dropped > 0) this.#stream.write(this.#takeDropped());
    if (!this.#closed && this.#stream.writableLength > 0) {
      let deadline: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        deadline = setTimeout(resolve, FLUSH_DEADLINE_MS);
        // Called after everything that was written before, even if that failed.
        this.#stream.write('', () => resolve());
      });
      clearTimeout(deadline);
    }
    this.#closed = true;
    if (this.#isOwn) this.#stream.destroy();
    // What is still being written can still fail.
    else if (this.#stream.writableLength === 0) this.#stream.off('error', this.#onError);
  }

  #onError = (): void => {
    this.#closed = true;
  };

  #reportDropped(): void {
    if (this.#dropped > 0) this.write(this.#takeDropped());
  }

  #takeDropped(): string {
    const line = this.#droppedLine(this.#dropped, 'stderr is not read fast enough');
    this.#dropped = 0;
    return line;
  }
}

/** A socket cannot be opened again as a pipe can, so blocking mode is turned off again before each line. */
function keepFromBlocking(stream: Socket): void {
  if (process.platform === 'win32' || (stream as { isTTY?: boolean }).isTTY) return;
  const { _handle: handle } = stream as { _handle?: { setBlocking?: (blocking: boolean) => number } | null };
  handle?.setBlocking?.(false);
}

/** The line that says how many were dropped, and why. */
type DroppedLine = (lines: number, reason: string) => string;

/** pino's number. */
const WARN = 40;

function droppedLine(level: number | string, lines: number, reason: string): string {
  const msg = `${lines} log lines were dropped: ${reason}.`;
  return `${JSON.stringify({ level, time: new Date().toISOString(), msg })}\n`;
}

/** A stream of the caller, who knows when its lines are written. */
export function unbuffered(stream: DestinationStream): LogOutput {
  return { write: (line) => stream.write(line), close: () => Promise.resolve() };
}
