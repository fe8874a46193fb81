/** A value as JSON. A session's metadata is anything that can be cloned, so it may contain what JSON cannot. */
export function replyJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
}
