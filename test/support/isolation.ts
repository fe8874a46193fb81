/**
 * Where sessions of modules run in the gateways of this run, unless a test says otherwise. With
 * `BULKHEAD_TEST_ISOLATION=process` each has a process of its own. `.mocharc.processes.json` lists the tests that hold
 * there too.
 */
export const ISOLATION = process.env.BULKHEAD_TEST_ISOLATION === 'process' ? 'process' : 'thread';
