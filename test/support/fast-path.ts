/**
 * Whether the gateways of this run have the option `fast-path`, where a test does not say otherwise. A run with
 * `BULKHEAD_TEST_FAST_PATH=off` has none: every test passes both ways, since the fast path changes no answer.
 */
export const FAST_PATH = process.env.BULKHEAD_TEST_FAST_PATH !== 'off';
