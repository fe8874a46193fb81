/**
 * Whether the gateways of this run have the option `fast-path`, unless a test says otherwise. With
 * `BULKHEAD_TEST_FAST_PATH=off` they do not. Every test passes both ways, because the fast path changes no answer.
 */
export const FAST_PATH = process.env.BULKHEAD_TEST_FAST_PATH !== 'off';
