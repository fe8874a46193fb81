/** Why a session ended. A closed union: it is also the `reason` label of `bulkhead_sessions_ended_total`. */
export const END_REASONS = [
  /** The client sent DELETE. */
  'delete',
  /** The client had a GET stream, and no connection was left for `disconnect-grace`. */
  'disconnect',
  /** The stream of the older HTTP+SSE transport closed. */
  'stream_closed',
  /** It had no request for `session-idle`. */
  'idle',
  /** It was initialized, and then neither called nor given a GET stream. */
  'unused',
  /** A new session needed its place at `max-sessions`, and no other session had been without its client for longer. */
  'evicted',
  /** It reached `session-max-age`. */
  'max_age',
  /** The client left before `initialize` had been answered. */
  'abandoned',
  /** No thread became free within the deadline. */
  'no_thread',
  /** Its first request needed a thread, and whoever opened it has as many as `quota-compartments` allows. */
  'quota_exceeded',
  /** Its server needs a secret of its principal, and there was none. */
  'no_secret',
  /** In the stateless era: it was opened for one request, which is over, and serves no other. */
  'request_over',
  /** The server answered `initialize` with an error. */
  'initialize_failed',
  /** The server module's `setup` threw for this session. */
  'setup_failed',
  /** The server module closed its server (`server.close()`). */
  'server_closed',
  /** Its thread died more than 3 times in a minute. */
  'thread_deaths',
  /** `DELETE /sessions/{id}` on the admin listener. */
  'admin',
  /** The gateway is stopping. */
  'drain',
] as const;

export type EndReason = (typeof END_REASONS)[number];
