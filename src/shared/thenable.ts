/** Whether something given by a hook or a logger can be waited for: a promise of any realm, or what is like one. */
export function isThenable(given: unknown): given is PromiseLike<unknown> {
  return typeof (given as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
