/** Why a session ended. A closed union: it is also the `reason` label of `bulkhead_sessions_ended_total`. */
export const END_REASONS = [
  /** The client sent DELETE. */
  'delete',
  /** The client had a GET stream, and no connection was left for `disconnect-grace`. */
  'disconnect',
  /** The legacy SSE stream closed. */
  'stream_closed',
  /** Nothing was asked for `session-idle`. */
  'idle',
  /** It was initialized and then neither used nor listened to. */
  'unused',
  /** A new session needed its place at `max-sessions`, and no other had been without its client for longer. */
  'evicted',
  /** It reached `session-max-age`. */
  'max_age',
  /** The client left while `initialize` was not answered yet. */
  'abandoned',
  /** No thread became free within the deadline. */
  'no_thread',
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
  /** The gateway stops. */
  'drain',
] as const;

export type EndReason = (typeof END_REASONS)[number];
