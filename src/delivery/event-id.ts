/**
 * SSE event ids: `<sequence>.<stream>.<request ids>`. They name the stream in which they mark a position (2025-11-25,
 * Transports, "Resumability and Redelivery") and the requests whose answers that stream carries. If the log or the
 * whole gateway was lost, a client that resumes the stream can therefore be told that these requests have failed.
 */
import type { RequestId } from '../shared/request-id.js';

export interface EventCursor {
  readonly sequence: number;
  /** `get`, or the number of a POST stream within its session. */
  readonly stream: string;
  readonly requestIds: readonly RequestId[];
}

/** After every event: the position of a client that was told that its stream is lost. */
export const END_OF_STREAM = 999_999_999_999_999;

/** Longer lists are not put into event ids, because the length of a header is limited. */
const MAX_ENCODED_CHARS = 2_000;
const CURSOR = /^(\d{1,15})\.([a-z0-9]{1,20})(?:\.([A-Za-z0-9_-]{1,2000}))?$/;

/** The part of a stream's event ids that stays the same: everything after the sequence number. */
export function eventIdSuffix(stream: string, requestIds: readonly RequestId[]): string {
  if (requestIds.length === 0) return `.${stream}`;
  const encoded = Buffer.from(JSON.stringify(requestIds)).toString('base64url');
  return encoded.length > MAX_ENCODED_CHARS ? `.${stream}` : `.${stream}.${encoded}`;
}

/** Reads a `Last-Event-ID` header; `undefined` if it is not an event id of this server. */
export function parseEventId(text: string): EventCursor | undefined {
  const [, sequence, stream, encoded] = CURSOR.exec(text) ?? [];
  if (sequence === undefined || stream === undefined) return undefined;
  const requestIds = encoded === undefined ? [] : decodeRequestIds(encoded);
  return requestIds === undefined ? undefined : { sequence: Number(sequence), stream, requestIds };
}

function decodeRequestIds(encoded: string): RequestId[] | undefined {
  let ids: unknown;
  try {
    ids = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string' || Number.isSafeInteger(id)))
    return undefined;
  return ids as RequestId[];
}
