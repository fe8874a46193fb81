/**
 * A server's message as the frame that crosses the port: its text, and beside it everything that the main thread has to
 * know about it, so that it never parses it.
 */
import { messageOf } from '../../src/shared/errors.js';
import type { SendFrame } from '../../src/shared/frames/from-worker.js';
import { isRequestId, type RequestId } from '../../src/shared/request-id.js';
import { type AnyResponse, responseFailure } from '../../src/shared/response-failure.js';
import { topicOf } from '../topic.js';

/**
 * Maximum length of a message. The main thread copies each message as a whole, which blocks all sessions: at this size
 * for about a tenth of a second.
 */
const MAX_MESSAGE_CHARS = 32 * 1024 * 1024;

const LIST_CHANGED = /^notifications\/\w+\/list_changed$/;
const INTERNAL_ERROR = -32603;

export type ServerResponse = AnyResponse & { readonly id?: unknown };

/** A JSON-RPC message of a server. Its members have not been checked. */
export type ServerMessage =
  | ServerResponse
  | {
      readonly method: string;
      readonly id?: unknown;
      readonly params?: Readonly<Record<string, unknown>> | undefined;
    };

/**
 * @param relatedTo the client's request that a request or a notification belongs to
 * @param stateless whether its worker serves the stateless era
 * @throws {Error} for a request or a notification that is too long or cannot be written as JSON; a response becomes an
 *   error response
 */
export function toFrame(
  message: ServerMessage,
  relatedTo: RequestId | undefined,
  stateless = false,
): SendFrame {
  let body: string;
  try {
    body = JSON.stringify(message);
  } catch (error) {
    if ('method' in message) throw error;
    return toFrame(
      unsendable(message, `cannot be written as JSON: ${messageOf(error)}`),
      relatedTo,
      stateless,
    );
  }
  if (body.length > MAX_MESSAGE_CHARS) {
    const why = `it has ${body.length} characters of JSON, and at most ${MAX_MESSAGE_CHARS} can be sent; send less, or a link to it`;
    if ('method' in message) throw new Error(`${message.method} is too long: ${why}`);
    return toFrame(unsendable(message, `is too long: ${why}`), relatedTo, stateless);
  }
  if (!('method' in message)) {
    const id = idOf(message.id);
    return {
      type: 'send',
      kind: 'response',
      id,
      relatedTo: id,
      body,
      ...responseFailure(message),
    };
  }
  if ('id' in message) return { type: 'send', kind: 'request', id: idOf(message.id), relatedTo, body };
  const topic = stateless ? topicOf(message.method, message.params) : undefined;
  const withdrawn = message.method === 'notifications/cancelled' ? message.params?.requestId : undefined;
  const progress = message.method === 'notifications/progress' ? message.params?.progress : undefined;
  return {
    type: 'send',
    kind: 'notification',
    id: idOf(withdrawn),
    // Whoever listens is told, not the caller.
    relatedTo: topic === undefined ? relatedTo : undefined,
    body,
    ...(topic !== undefined && { topic }),
    ...(typeof progress === 'number' && { progress }),
    ...(LIST_CHANGED.test(message.method) && { listChanged: true }),
  };
}

/** The text of a response; `undefined` if `toFrame` has to handle it. */
export function shortText(response: ServerResponse): string | undefined {
  try {
    const text = JSON.stringify(response);
    return text.length > MAX_MESSAGE_CHARS ? undefined : text;
  } catch {
    // `toFrame` fails in the same way, and tells the client.
    return undefined;
  }
}

/** A module can send anything; a value that is not an id belongs to no request. */
export function idOf(value: unknown): RequestId | undefined {
  return isRequestId(value) ? value : undefined;
}

/** An error response, because the client still waits for an answer. */
function unsendable({ id }: ServerResponse, why: string): ServerMessage {
  const error = { code: INTERNAL_ERROR, message: `The result ${why}.` };
  return { jsonrpc: '2.0', id, error } as ServerMessage;
}
