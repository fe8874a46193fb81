/** An error as plain data, for the way across a port: an `Error` loses its class and code in a structured clone. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
}

/** Turns anything that was thrown into plain data; `throw 'text'` and `throw undefined` are legal JavaScript. */
export function toPlainError(thrown: unknown): PlainError {
  if (!(thrown instanceof Error)) return { name: 'Error', message: String(thrown) };
  const { code } = thrown as { code?: unknown };
  return {
    name: thrown.name,
    message: thrown.message,
    ...(typeof code === 'string' && { code }),
    ...(thrown.stack !== undefined && { stack: thrown.stack }),
  };
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    // An object without a prototype, a `toString` or a getter that throws itself.
    return 'something that has no text was thrown';
  }
}

/** Folders and files of this machine, as errors of Node name them: behind a quote, a bracket, a space or `file://`. */
const LOCAL_PATH = /(^|[\s'"`(])(?:file:\/\/)?(?:\/|[a-z]:\\)[^\s'"`()/\\]+[/\\][^\s'"`()]*/gi;

/** A sentence for a client: an error's message without the paths of the machine that it may name. */
export function withoutPaths(message: string): string {
  return message.replace(LOCAL_PATH, '$1(a path)');
}

export type BulkheadErrorCode =
  | 'ERR_BULKHEAD_OPTION'
  | 'ERR_BULKHEAD_SERVER_MODULE'
  | 'ERR_BULKHEAD_LISTEN'
  | 'ERR_BULKHEAD_CAPACITY'
  | 'ERR_BULKHEAD_DRAINING'
  | 'ERR_BULKHEAD_THREAD_START'
  | 'ERR_BULKHEAD_THREAD_WAIT'
  | 'ERR_BULKHEAD_STATE'
  | 'ERR_BULKHEAD_SPAWN';

/** Every error that the gateway raises by itself: a stable `code` and one sentence that says what to do. */
export class BulkheadError extends Error {
  readonly code: BulkheadErrorCode;

  constructor(code: BulkheadErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BulkheadError';
    this.code = code;
  }
}
