/** Environment variables of the gateway itself, its token among them: no server gets them. */
export const OWN_VARIABLE = /^BULKHEAD_/i;
