/** Where log lines go: stderr without blocking the main thread, and the form that people read. */
import { type DestinationStream, destination as openDestination } from 'pino';
import { prettyFactory } from 'pino-pretty';

/** Bytes that wait for a slow reader of the log; beyond them lines are dropped, and counted in a line. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** How long `flush` waits for a reader that does not read; an exit must not hang on it. */
const FLUSH_DEADLINE_MS = 1_000;

export interface LogOutput extends DestinationStream {
  /** Resolves when every line is written, or can't be. */
  flush(): Promise<void>;
}

/** stderr, written asynchronously: a pipe that nobody reads would otherwise stop every session. */
export function openStandardError(): LogOutput {
  const stream = openDestination({ dest: 2, sync: false, maxLength: MAX_WAITING_BYTES });
  let dropped = 0;
  let pending = false;
  let closed = false;
  let settle: (() => void) | undefined;

  const settled = () => {
    pending = false;
    settle?.();
  };
  stream.on('drop', () => {
    dropped += 1;
  });
  stream.on('drain', () => {
    settled();
    if (dropped === 0) return;
    const msg = `${dropped} log lines were dropped: stderr is not read fast enough.`;
    dropped = 0;
    write(`${JSON.stringify({ level: 40, time: new Date().toISOString(), msg })}\n`);
  });
  // Without a reader there is nobody to tell about the failure.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    closed ||= error.code === 'EPIPE';
    settled();
  });

  function write(line: string): void {
    if (closed) return;
    pending = true;
    stream.write(line);
  }

  return {
    write,
    async flush() {
      if (!pending) return;
      const { promise, resolve } = withResolvers();
      const deadline = setTimeout(resolve, FLUSH_DEADLINE_MS);
      settle = resolve;
      await promise;
      clearTimeout(deadline);
    },
  };
}

/** A stream of the caller's, who knows when its lines are written. */
export function unbuffered(stream: DestinationStream): LogOutput {
  return { write: (line) => stream.write(line), flush: () => Promise.resolve() };
}

/** In this thread and synchronous: a transport in a worker would lose lines when the process exits. */
export function prettyStream(stream: DestinationStream, colorize: boolean): DestinationStream {
  const prettify = prettyFactory({ colorize, singleLine: true, translateTime: 'SYS:HH:MM:ss.l' });
  return { write: (line) => stream.write(prettify(line)) };
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
