/** What the main thread is told of a response that failed, since it parses none itself. */
import { cut } from './errors.js';

/** What the log is told of a failure. */
const MAX_MESSAGE_CHARS = 500;

/** A JSON-RPC response, whoever made it: its members are what it has, not what they should be. */
export type AnyResponse =
  | { readonly result: unknown }
  | { readonly error: { readonly code?: unknown; readonly message?: unknown } };

export interface ResponseFailure {
  /** The JSON-RPC error code as text, or `tool_error` for `isError: true` (2025-11-25, Tools, "Error Handling"). */
  readonly failure: string;
  /** What the client is told: an error's message, or the first text of a tool's; cut. */
  readonly message: string;
}

/** `undefined` for a result that is no tool's error. */
export function responseFailure(response: AnyResponse): ResponseFailure | undefined {
  if ('error' in response) {
    const { code, message } = response.error;
    return { failure: String(code), message: cut(String(message), MAX_MESSAGE_CHARS) };
  }
  const { isError, content } = (response.result ?? {}) as { isError?: unknown; content?: unknown };
  if (isError !== true) return undefined;
  const first = (Array.isArray(content) ? content : []).find((item) => item?.type === 'text') as
    | { readonly text?: unknown }
    | undefined;
  return { failure: 'tool_error', message: cut(String(first?.text ?? ''), MAX_MESSAGE_CHARS) };
}
