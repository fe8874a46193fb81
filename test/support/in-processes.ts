/** For `.mocharc.processes.json`: see `isolation.ts`. */
process.env.BULKHEAD_TEST_ISOLATION = 'process';
