/**
 * What a notification is about that belongs to no request. In the stateless era the main thread tells those who listen to
 * it, in words of its own (2026-07-28, Subscriptions): such a notification is not sent on a request's stream.
 */
import { LIST_KINDS, listChangedMethod } from '../src/shared/list-methods.js';

/** A longer URI is no resource that somebody subscribes to. */
const MAX_URI_CHARS = 64 * 1024;

const KIND_OF = new Map<string, string>(LIST_KINDS.map((kind) => [listChangedMethod(kind), kind]));

/** @returns as in `SendFrame.topic`; `undefined` for everything else */
export function topicOf(
  method: string,
  params: Readonly<Record<string, unknown>> | undefined,
): string | undefined {
  if (method !== 'notifications/resources/updated') return KIND_OF.get(method);
  const uri = params?.uri;
  return typeof uri === 'string' && uri.length <= MAX_URI_CHARS ? `resource:${uri}` : undefined;
}
