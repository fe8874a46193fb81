/**
 * Where sessions of modules run in the gateways of this run, unless a test says otherwise. With
 * `BULKHEAD_TEST_ISOLATION=process` each has a process of its own; `npm run test:processes` runs the broadest tests so.
 * What cannot hold there is what tests expect of spare threads, of `threadId`, and of the port that a module in a thread
 * can find.
 */
export const ISOLATION = process.env.BULKHEAD_TEST_ISOLATION === 'process' ? 'process' : 'thread';
