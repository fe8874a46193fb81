/** How much `session.state` may hold, and what counts. The session's thread refuses what is too much; the main thread counts along. */

/** Of one session: so much stays on the main thread while the session sleeps, for each of thousands. */
export const STATE_LIMIT_BYTES = 1024 * 1024;
/** Of all sessions together. */
export const STATE_BUDGET_BYTES = 256 * 1024 * 1024;
/** What an entry takes beside its key and its value; measured: 270 bytes of the main thread's heap. */
const ENTRY_BYTES = 256;

export function stateEntryBytes(key: string, value: Uint8Array): number {
  return ENTRY_BYTES + 2 * key.length + value.byteLength;
}
