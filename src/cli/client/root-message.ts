/** What went wrong on the way to a server, in words that continue a sentence. */
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

/** The message of what was thrown; for `fetch failed`, the message of its cause. */
export function rootMessage(error: unknown): string {
  if (error instanceof StreamableHTTPError) return httpMessage(error);
  if (error instanceof AggregateError && error.errors.length > 0) return rootMessage(error.errors[0]);
  if (error instanceof Error && error.cause instanceof Error) return rootMessage(error.cause);
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}

/**
 * The SDK puts the whole body of the response into its message. If it is a JSON-RPC error, that error's own message is
 * clearer.
 */
function httpMessage(error: StreamableHTTPError): string {
  const body = /"message"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(error.message)?.[1];
  const sentence = body === undefined ? error.message.slice(0, 300) : String(JSON.parse(body));
  return `HTTP ${error.code}: ${sentence.replace(/\.$/, '')}`;
}
