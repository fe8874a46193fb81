/**
 * What a client asks to be notified of with `subscriptions/listen` (2026-07-28, Subscriptions, "Notification Filter").
 * A client that asks for more than the gateway keeps for one subscription is refused: it would otherwise have to compare
 * the acknowledgement with its request to find out.
 */
import { LIST_KINDS, type ListKind } from '../shared/list-methods.js';
import { JSON_RPC } from './json-rpc-error.js';
import type { Rejection } from './rejection.js';

/** A client rarely shows more than a handful of resources at the same time. */
const MAX_RESOURCES = 100;
/** Of all URIs of one subscription together: each is kept by the main thread, and by the server's worker. */
const MAX_URI_CHARS = 16 * 1024;

export interface SubscriptionFilter {
  /** Kinds of lists: `toolsListChanged`, and so on. */
  readonly lists: ReadonlySet<ListKind>;
  /** URIs: `resourceSubscriptions`. */
  readonly resources: ReadonlySet<string>;
}

export const EMPTY_FILTER: SubscriptionFilter = { lists: new Set(), resources: new Set() };

/** @param params of the request, as the client sent them */
export function readFilter(params: unknown): SubscriptionFilter | Rejection<'invalid_request'> {
  const notifications = memberOf(params, 'notifications');
  if (typeof notifications !== 'object' || notifications === null || Array.isArray(notifications))
    return invalid('"params.notifications" must be an object that says what to be notified of');
  const lists = new Set<ListKind>();
  for (const kind of LIST_KINDS) {
    const wanted = memberOf(notifications, listMember(kind));
    if (wanted === true) lists.add(kind);
    else if (wanted !== undefined && wanted !== false)
      return invalid(`"params.notifications.${listMember(kind)}" must be true or false`);
  }
  const uris = memberOf(notifications, 'resourceSubscriptions') ?? [];
  if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === 'string'))
    return invalid('"params.notifications.resourceSubscriptions" must be an array of URIs');
  const resources = new Set<string>(uris);
  let chars = 0;
  for (const uri of resources) chars += uri.length;
  if (resources.size > MAX_RESOURCES || chars > MAX_URI_CHARS)
    return invalid(
      `"params.notifications.resourceSubscriptions" may have at most ${MAX_RESOURCES} URIs of ${MAX_URI_CHARS} characters together; subscribe to fewer resources`,
    );
  return { lists, resources };
}

/** The filter as it is acknowledged; what is left out is not honoured. */
export function writeFilter({ lists, resources }: SubscriptionFilter): object {
  return {
    ...Object.fromEntries([...lists].map((kind) => [listMember(kind), true])),
    ...(resources.size > 0 && { resourceSubscriptions: [...resources] }),
  };
}

function listMember(kind: ListKind): string {
  return `${kind}ListChanged`;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function invalid(why: string): Rejection<'invalid_request'> {
  return { reason: 'invalid_request', code: JSON_RPC.invalidParams, message: `Invalid params: ${why}.` };
}
