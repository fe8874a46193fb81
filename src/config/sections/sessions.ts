/** Options of when sessions sleep and end, and what becomes of a client's requests when it goes. */
import { option } from '../option.js';
import { duration, durationOrNone } from '../option-kinds.js';

export const sessionOptions = {
  /** A session without an open stream ends after this time without a request; by default `24h`. */
  sessionIdle: option(duration(1), {
    default: '24h',
    help: 'a session without an open stream ends after this time without a request',
  }),
  /** A session gives its thread back after this time without work; by default `30s`, never with 0. */
  sleepAfter: option(duration(0), {
    default: '30s',
    help: 'a session gives its thread back after this time without work; its next request gets another; 0: never',
  }),
  /** Maximum age of a session: a duration, or `none`, the default. */
  sessionMaxAge: option(durationOrNone(1), { default: 'none', help: 'maximum age of a session' }),
  /** How long a session stays after its client has lost all connections, by default `30s`. */
  disconnectGrace: option(duration(0), {
    default: '30s',
    help: 'how long a session stays after its client has lost all connections',
  }),
  /** How long a request continues after its stream broke, if the client can resume it; by default `5s`. */
  resumeGrace: option(duration(0), {
    default: '5s',
    help: 'how long a request continues after its stream broke, if the client can resume it',
  }),
  /** How long a cancelled handler may continue before its thread is killed, by default `2s`. */
  cancelGrace: option(duration(0), {
    default: '2s',
    help: 'how long a cancelled handler may continue before its thread is killed',
  }),
  /** How often sessions are checked for their time limits, by default every `5s`. */
  cleanupInterval: option(duration(1), {
    default: '5s',
    help: 'how often sessions are checked for their time limits',
  }),
};
