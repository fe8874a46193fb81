/** Options of requests and of the streams that answer them. */
import { option } from '../option.js';
import { byteSize, duration, integer } from '../option-kinds.js';

export const requestOptions = {
  /** Bytes, or a size such as `4MiB`, the default. */
  maxBodyBytes: option(byteSize, { default: '4MiB', help: 'longest body of a request' }),
  /** Requests of a session in flight, by default 64. */
  maxRequestsPerSession: option(integer(1, 100_000), {
    default: 64,
    help: 'requests of a session in flight',
  }),
  /** Time between comments on an open SSE stream, by default `15s`. */
  keepAlive: option(duration(1), { default: '15s', help: 'time between comments on an open SSE stream' }),
  /** Time between the gateway's own progress notifications for a silent call, by default `20s`. */
  progressHeartbeat: option(duration(1), {
    default: '20s',
    help: "time between the gateway's own progress notifications for a silent call",
  }),
  /** A call not answered by then becomes an SSE stream; by default `50ms`. */
  sseAfter: option(duration(0), {
    default: '50ms',
    help: 'a call not answered by then becomes an SSE stream',
  }),
  /** How long requests in flight may go on when the gateway stops, by default `10s`. */
  drainTimeout: option(duration(0), {
    default: '10s',
    help: 'how long requests in flight may go on when the gateway stops',
  }),
};
