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
  return thrown instanceof Error ? thrown.message : String(thrown);
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
