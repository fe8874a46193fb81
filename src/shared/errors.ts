/** How much of an error the log shows: its message, or its stack as well. The option `errors`. */
export type ErrorDetail = 'message' | 'full';

/** An error as plain data that can cross a port: in a structured clone, an `Error` loses its class and code. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
}

/**
 * Turns anything that was thrown into plain data; `throw 'text'` and `throw undefined` are legal JavaScript. An error
 * is recognised by its members, because `instanceof` does not recognise errors of another realm (`node:vm`), nor those
 * of zod, which are not `Error`s.
 */
export function toPlainError(thrown: unknown): PlainError {
  const { name, code, stack } = membersOf(thrown);
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: messageOf(thrown),
    ...(typeof code === 'string' && { code }),
    ...(typeof stack === 'string' && { stack }),
  };
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  const { message } = membersOf(thrown);
  if (typeof message === 'string') return message;
  try {
    return String(thrown);
  } catch {
    // An object without a prototype, or one whose `toString` throws.
    return 'something was thrown that has no text';
  }
}

/** The text, cut to this many characters, for quotations in sentences and log lines. */
export function cut(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

interface ErrorMembers {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly stack?: unknown;
}

function membersOf(thrown: unknown): ErrorMembers {
  if (typeof thrown !== 'object' || thrown === null) return {};
  try {
    const { name, message, code, stack } = thrown as ErrorMembers;
    return { name, message, code, stack };
  } catch {
    // A getter that throws: nothing of the error can be reported.
    return {};
  }
}

/** Folders and files of this machine as Node's errors name them: after a quote, a bracket, a space or `file://`. */
const LOCAL_PATH = /(^|[\s'"`(])(?:file:\/\/)?(?:\/|[a-z]:\\)[^\s'"`()/\\]+[/\\][^\s'"`()]*/gi;

/** A sentence for a client: an error's message without the paths of this machine that it may contain. */
export function withoutPaths(message: string): string {
  return message.replace(LOCAL_PATH, '$1(a path)');
}

export type BulkheadErrorCode =
  | 'ERR_BULKHEAD_OPTION'
  | 'ERR_BULKHEAD_SERVER_MODULE'
  | 'ERR_BULKHEAD_LISTEN'
  | 'ERR_BULKHEAD_DRAINING'
  | 'ERR_BULKHEAD_THREAD_START'
  | 'ERR_BULKHEAD_THREAD_WAIT'
  | 'ERR_BULKHEAD_QUOTA'
  | 'ERR_BULKHEAD_STATE'
  | 'ERR_BULKHEAD_SPAWN'
  | 'ERR_BULKHEAD_SECRET';

/** Every error that the gateway itself raises: a stable `code`, and one sentence that says what to do. */
export class BulkheadError extends Error {
  readonly code: BulkheadErrorCode;
  /**
   * For `ERR_BULKHEAD_SERVER_MODULE`, several lines for the module's author: the file, line and column at fault, the code
   * with a caret, and the author's part of the stack. No client is shown it.
   */
  readonly detail: string | undefined;

  constructor(code: BulkheadErrorCode, message: string, options: ErrorOptions & { detail?: string } = {}) {
    super(message, options);
    this.name = 'BulkheadError';
    this.code = code;
    this.detail = options.detail;
  }
}
