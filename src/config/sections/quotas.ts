/** Options of what each principal may take of the gateway; each address, for those who have not said who they are. */
import { option } from '../option.js';
import { byteRate, integer, perSecond } from '../option-kinds.js';

export const quotaOptions = {
  /** Maximum number of open sessions of each principal; by default only `maxSessions` counts. */
  quotaSessions: option(integer(1, 1_000_000), {
    defaultText: 'none',
    help: 'maximum number of sessions of each principal; beyond it, the one that has been without its client for longest ends',
  }),
  /** Maximum number of threads and processes that each principal holds at once; by default none. */
  quotaCompartments: option(integer(1, 16_384), {
    defaultText: 'none',
    help: 'maximum number of threads and processes that each principal holds at once',
  }),
  /** Maximum number of requests in flight of each principal, over all of its sessions; by default none. */
  quotaRequests: option(integer(1, 1_000_000), {
    defaultText: 'none',
    help: 'maximum number of requests in flight of each principal, over all of its sessions',
  }),
  /** Requests a second of each principal, in the long run; by default none. */
  quotaRate: option(perSecond(0.01, 100_000), {
    defaultText: 'none',
    help: 'requests a second of each principal; 30 at once, or those of two seconds, are always taken',
  }),
  /** Bytes of requests a second of each principal, in the long run; by default none. */
  quotaBytes: option(byteRate, {
    defaultText: 'none',
    help: 'bytes a second of the messages that each principal sends; those of ten seconds are taken at once',
  }),
  /** Processor time a minute of the threads and processes of each principal, in milliseconds; by default none. */
  quotaProcessorMs: option(integer(1, 1_000_000_000), {
    defaultText: 'none',
    help: 'processor time a minute, in milliseconds, of the threads and processes of each principal',
  }),
  /**
   * How often within a minute calls of a tool may end their thread or process before it is closed for a minute, for the
   * principal that calls it; by default as often as they like.
   */
  toolBreaker: option(integer(1, 10_000), {
    defaultText: 'none',
    help: 'how often within a minute calls of a tool may end their thread or process before it is closed for a minute, for whoever calls it',
  }),
};
