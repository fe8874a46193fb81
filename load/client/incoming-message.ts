/** What a server sent, as JSON-RPC. */
import type { Answer } from './awaited-answers.js';
import { excerpt, LoadFailure } from './failure-kind.js';

export interface IncomingMessage {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown };
}

/**
 * What a response says to its request. A server that could not read a request answers with an error without an id
 * (JSON-RPC 2.0, section 5).
 */
export function outcomeOf(
  { result, error }: IncomingMessage,
  text: string,
  came: Omit<Answer, 'result'>,
): Answer | LoadFailure {
  if (result !== undefined && error === undefined) return { result, ...came };
  if (result === undefined && typeof error?.code === 'number') {
    return new LoadFailure(`json-rpc ${error.code}`, String(error.message));
  }
  return new LoadFailure('invalid', `neither result nor error: ${excerpt(text)}`);
}

export function isToolError(result: unknown): boolean {
  return (result as { isError?: unknown } | null)?.isError === true;
}
