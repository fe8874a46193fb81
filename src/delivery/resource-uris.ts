/** Which subscriptions a changed resource comes under. */

/** No URI has more parts that somebody would subscribe to. */
const MAX_PARTS = 64;

/**
 * The URI, and the URIs of which it may be a part: a server may tell of a part of the resource that a client has
 * subscribed to (2026-07-28, schema, `ResourceUpdatedNotification`).
 */
export function* resourcesOf(uri: string): Generator<string> {
  yield uri;
  let parts = 0;
  for (const { index } of uri.matchAll(/[/?#]/g)) {
    parts += 1;
    if (parts > MAX_PARTS) return;
    if (index > 0) yield uri.slice(0, index);
    // `file:///folder/` is a folder as well; a subscription to the URI itself has come first.
    if (uri[index] === '/' && index + 1 < uri.length) yield uri.slice(0, index + 1);
  }
}
