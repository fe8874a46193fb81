/** Environment variables of the gateway itself, including its secrets. No program that it serves receives them. */
export const OWN_VARIABLE = /^BULKHEAD_/i;

/** Those that hold a secret. A server module receives the others. */
export const SECRET_VARIABLES: readonly string[] = [
  'BULKHEAD_TOKEN',
  'BULKHEAD_AUTH_CLIENT_SECRET',
  'BULKHEAD_STATE_KEY',
];
