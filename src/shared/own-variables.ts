/** Environment variables of the gateway itself, including its token. No server receives them. */
export const OWN_VARIABLE = /^BULKHEAD_/i;
