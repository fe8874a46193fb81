/** As JSON; a session's metadata is whatever can be cloned, and so may hold what JSON can't. */
export function replyJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
}
