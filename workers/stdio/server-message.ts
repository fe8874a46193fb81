/** The meaning of a line of a stdio server: one JSON-RPC message, several, or none. */
import { declaredNotifications } from '../../src/shared/declared-notifications.js';
import { isFields } from '../../src/shared/fields.js';
import type { SendFrame } from '../../src/shared/frames/from-worker.js';
import { MAX_JSON_DEPTH, nestsDeeperThan } from '../../src/shared/json-depth.js';
import { isRequestId, type RequestId } from '../../src/shared/request-id.js';
import { type AnyResponse, responseFailure } from '../../src/shared/response-failure.js';
import type { Question } from '../stateless/round-trips.js';

export interface ServerRequest {
  readonly kind: 'request';
  readonly id: RequestId;
  readonly method: string;
  /** See `readLargeLine`. */
  readonly outlined?: true;
  /** Where it is outlined, for a client of the stateless era. */
  readonly question?: Question;
}

export interface ServerNotification {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface ServerResponse {
  readonly kind: 'response';
  /** `undefined`: the server could not read the message that it answers (JSON-RPC 2.0, section 5). */
  readonly id: RequestId | undefined;
  readonly message: AnyResponse;
  /** See `readLargeLine`. */
  readonly outlined?: true;
}

export type ServerMessage = ServerRequest | ServerNotification | ServerResponse;

export interface ReadMessage {
  readonly message: ServerMessage;
  /** As JSON. */
  readonly body: string;
}

/** Each becomes a frame for the main thread. */
const MAX_BATCH = 10_000;
const NO_MESSAGE = 'it is no JSON-RPC message';
/** `JSON.parse` takes several microseconds to fail, and a program may print a million lines that are meant for people. */
const BEGINS_MESSAGE = /^[ \t\r]*[{[]/;
const LIST_CHANGED = /^notifications\/\w+\/list_changed$/;

/**
 * @param line one line of the server's stdout
 * @returns its messages, more than one for a batch (2025-03-26, "Batching"); or the reason why there is none
 */
export function serverMessages(line: string): readonly ReadMessage[] | string {
  if (!BEGINS_MESSAGE.test(line)) return NO_MESSAGE;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'it is no JSON';
  }
  if (nestsDeeperThan(line, MAX_JSON_DEPTH)) return `it nests deeper than ${MAX_JSON_DEPTH} levels`;
  const batch: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (batch.length > MAX_BATCH) return `it has more than ${MAX_BATCH} messages`;
  const messages: ReadMessage[] = [];
  for (const one of batch) {
    const message = classified(one);
    if (message === undefined) return NO_MESSAGE;
    messages.push({ message, body: value === one ? line : JSON.stringify(one) });
  }
  return messages.length > 0 ? messages : NO_MESSAGE;
}

function classified(value: unknown): ServerMessage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { jsonrpc, id, method, params, error } = value as Readonly<Record<string, unknown>>;
  if (jsonrpc !== '2.0') return undefined;
  if (typeof method === 'string') {
    if (isRequestId(id)) return { kind: 'request', id, method };
    if (id !== undefined) return undefined;
    return { kind: 'notification', method, params: isFields(params) ? params : {} };
  }
  if (method !== undefined || !('result' in value || (typeof error === 'object' && error !== null)))
    return undefined;
  if (!isRequestId(id) && id !== null && id !== undefined) return undefined;
  return { kind: 'response', id: isRequestId(id) ? id : undefined, message: value as AnyResponse };
}

/** The response in the form in which the main thread receives it. */
export function responseFrame(
  { message }: ServerResponse,
  id: RequestId,
  body: string,
  initializes: boolean,
): SendFrame {
  return {
    type: 'send',
    kind: 'response',
    id,
    relatedTo: id,
    body,
    ...responseFailure(message),
    ...(initializes && 'result' in message && { declared: declaredNotifications(message.result) }),
  };
}

/** The method, if it says that a list has changed. */
export function changedListOf({ method }: ServerNotification): string | undefined {
  return LIST_CHANGED.test(method) ? method : undefined;
}

/** A notification, except `notifications/cancelled`, which names a request by the server's own id. */
export function notificationFrame(
  notification: ServerNotification,
  relatedTo: RequestId | undefined,
  body: string,
): SendFrame {
  const { method, params } = notification;
  const progress = method === 'notifications/progress' ? params.progress : undefined;
  return {
    type: 'send',
    kind: 'notification',
    id: undefined,
    relatedTo,
    body,
    ...(typeof progress === 'number' && { progress }),
    ...(changedListOf(notification) !== undefined && { listChanged: true }),
  };
}

/** The id of a response of which only the beginning and the end were kept; usually one of them contains it. */
export function idAtEitherEnd(head: string, tail: string): RequestId | undefined {
  // As serializers write it: without white space, but for that of Python's.
  const found =
    /^\{(?:"jsonrpc": ?"2\.0", ?)?"id": ?("[^"\\]*"|0|-?[1-9]\d*)/.exec(head) ??
    /"id": ?("[^"\\]*"|0|-?[1-9]\d*)(?:, ?"jsonrpc": ?"2\.0")?\}$/.exec(tail);
  if (found?.[1] === undefined) return undefined;
  try {
    const id: unknown = JSON.parse(found[1]);
    return isRequestId(id) ? id : undefined;
  } catch {
    // A control character in the string: it was no JSON anyway.
    return undefined;
  }
}
