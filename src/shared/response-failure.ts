/** What the main thread has to know about a response that failed, because it parses none itself. */
import { cut } from './errors.js';

/** Maximum length of a failure in the log. */
export const MAX_FAILURE_CHARS = 500;

/** A JSON-RPC response from any source. Its members have not been checked. */
export type AnyResponse =
  | { readonly result: unknown }
  | { readonly error: { readonly code?: unknown; readonly message?: unknown } };

export interface ResponseFailure {
  /** The JSON-RPC error code as text, or `tool_error` for `isError: true` (2025-11-25, Tools, "Error Handling"). */
  readonly failure: string;
  /**
   * The message as the client receives it: that of an error, or the first text of a tool's result; cut to the maximum
   * length.
   */
  readonly message: string;
}

/** `undefined` for a result without a tool error. */
export function responseFailure(response: AnyResponse): ResponseFailure | undefined {
  if ('error' in response) {
    const { code, message } = response.error;
    return { failure: String(code), message: cut(String(message), MAX_FAILURE_CHARS) };
  }
  const { isError, content } = (response.result ?? {}) as { isError?: unknown; content?: unknown };
  if (isError !== true) return undefined;
  const first = (Array.isArray(content) ? content : []).find((item) => item?.type === 'text') as
    | { readonly text?: unknown }
    | undefined;
  return { failure: 'tool_error', message: cut(String(first?.text ?? ''), MAX_FAILURE_CHARS) };
}
