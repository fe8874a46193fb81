/** Options of when sessions sleep and end, and what becomes of a client's requests when it goes. */
import { option } from '../option.js';
import { duration, durationOrNone } from '../option-kinds.js';

export const sessionOptions = {
  /** A session without an open stream that is asked nothing for this long ends; by default `24h`. */
  sessionIdle: option(duration(1), {
    default: '24h',
    help: 'a session without an open stream that is asked nothing for this long ends',
  }),
  /** A session without work for so long gives its thread back; by default `30s`, never with 0. */
  sleepAfter: option(duration(0), {
    default: '30s',
    help: 'a session without work for so long gives its thread back until it is asked something; 0: never',
  }),
  /** A duration, or `none`, the default. */
  sessionMaxAge: option(durationOrNone(1), { default: 'none', help: 'a session ends at this age' }),
  /** How long a session lives on after its client has lost all connections, by default `30s`. */
  disconnectGrace: option(duration(0), {
    default: '30s',
    help: 'how long a session lives on after its client has lost all connections',
  }),
  /** How long a request goes on after its stream broke, where the client can resume it; by default `5s`. */
  resumeGrace: option(duration(0), {
    default: '5s',
    help: 'how long a request goes on after its stream broke, where the client can resume it',
  }),
  /** How long a cancelled handler may go on before its thread is killed, by default `2s`. */
  cancelGrace: option(duration(0), {
    default: '2s',
    help: 'how long a cancelled handler may go on before its thread is killed',
  }),
  /** How often sessions are checked for their time limits, by default every `5s`. */
  cleanupInterval: option(duration(1), {
    default: '5s',
    help: 'how often sessions are checked for their time limits',
  }),
};
