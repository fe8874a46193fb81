/** Options of requests and of the streams that answer them. */
import { option } from '../option.js';
import { byteSize, duration, integer } from '../option-kinds.js';

export const requestOptions = {
  /** Maximum size of a request body: bytes, or a size such as `4MiB`, the default. */
  maxBodyBytes: option(byteSize, { default: '4MiB', help: 'maximum size of a request body' }),
  /** Maximum number of requests in flight in a session, by default 64. */
  maxRequestsPerSession: option(integer(1, 100_000), {
    default: 64,
    help: 'maximum number of requests in flight in a session',
  }),
  /** Interval of keep-alive comments on an open SSE stream, by default `15s`. */
  keepAlive: option(duration(1), {
    default: '15s',
    help: 'interval of keep-alive comments on an open SSE stream',
  }),
  /** Interval of the gateway's own progress notifications for a call that reports none, by default `20s`. */
  progressHeartbeat: option(duration(1), {
    default: '20s',
    help: "interval of the gateway's own progress notifications for a call that reports none",
  }),
  /** A call that is not answered within this time gets an SSE stream; by default `50ms`. */
  sseAfter: option(duration(0), {
    default: '50ms',
    help: 'a call that is not answered within this time gets an SSE stream',
  }),
  /** How long requests in flight may continue when the gateway stops, by default `10s`. */
  drainTimeout: option(duration(0), {
    default: '10s',
    help: 'how long requests in flight may continue when the gateway stops',
  }),
};
