/**
 * How much `session.state` may hold, and how it is counted. The session's thread refuses what is too much; the main
 * thread counts as well.
 */

/** For one session: the main thread keeps this much while the session sleeps, for each of thousands of sessions. */
export const STATE_LIMIT_BYTES = 1024 * 1024;
/** For all sessions together. */
export const STATE_BUDGET_BYTES = 256 * 1024 * 1024;
/** What an entry takes besides its key and its value. Measured: 270 bytes of the main thread's heap. */
const ENTRY_BYTES = 256;

export function stateEntryBytes(key: string, value: Uint8Array): number {
  return ENTRY_BYTES + 2 * key.length + value.byteLength;
}
