/**
 * The threads of this process that have not ended, over all pools. `process.exit` waits for them, forever if one is
 * blocked by a native call or by its jobs in libuv's pool. A thread with such jobs closes its port long before it ends.
 */
export const liveThreads = new Set<object>();
