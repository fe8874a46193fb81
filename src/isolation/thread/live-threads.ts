/**
 * The threads of this process that have not ended, over all pools. `process.exit` joins them, and waits for ever where one
 * is held: by a native call, or by what it gave libuv's pool to do. A thread in the latter closes its port long before it ends.
 */
export const liveThreads = new Set<object>();
