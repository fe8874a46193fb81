/** Why the gateway closed a connection itself; a metric label. */
export type ConnectionDropReason =
  /** The maximum number is reached, and none could be closed for it. */
  | 'limit'
  /** Its remote address has the maximum number. */
  | 'address_limit'
  /** It was idle longest when another connection needed its place. */
  | 'evicted'
  /** Its client read nothing for a minute while bytes waited. */
  | 'stalled'
  /** The output of all connections was too much, and this one held most of it for longest. */
  | 'output_budget'
  /** Its peer acknowledged nothing for a minute. */
  | 'vanished'
  /** The process had almost no file descriptor left. */
  | 'no_descriptor'
  /** Its TLS handshake was not complete in time. */
  | 'handshake_timeout'
  /** Its TLS handshake failed. */
  | 'handshake_failed';
