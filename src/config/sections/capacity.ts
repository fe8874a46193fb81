/** Options of how many sessions and threads there may be, and what a thread may take. */
import { option } from '../option.js';
import { integer } from '../option-kinds.js';

export const capacityOptions = {
  /** Session records at once, by default 10,000. */
  maxSessions: option(integer(1, 1_000_000), {
    default: 10_000,
    help: 'session records at once; past it, the one ends that has been without its client for longest',
  }),
  /** Live threads at once, by default as many as the machine's memory allows. */
  maxThreads: option(integer(1, 16_384), {
    defaultText: "from the machine's memory",
    help: 'live threads at once',
  }),
  /** Started threads that wait for a session, by default 2; at most `maxThreads`. */
  spareThreads: option(integer(0, 1_024), {
    defaultText: '2',
    help: 'started threads that wait for a session',
  }),
  /** Limit of a thread's heap in MiB, by default 128; at most `threadMemoryMb`. */
  threadHeapMb: option(integer(16, 65_536), {
    defaultText: '128',
    help: "limit of the heap of one session's thread, MiB; twice that while it does not yield, as part of it may be garbage",
  }),
  /** Limit of a thread's heap and Buffers together in MiB, by default 512. */
  threadMemoryMb: option(integer(16, 1_048_576), {
    defaultText: '512',
    help: 'limit of heap and Buffers of one thread together, MiB',
  }),
  /** How much a thread's priority is lowered, by default 5. */
  threadNice: option(integer(0, 19), {
    default: 5,
    help: "how much a thread's priority is lowered, so that tools can't starve the main thread",
  }),
};
