/** Options of how many sessions, threads and processes there may be, and what each may take. */
import { option } from '../option.js';
import { integer } from '../option-kinds.js';

export const capacityOptions = {
  /** Maximum number of sessions, by default 10,000. */
  maxSessions: option(integer(1, 1_000_000), {
    default: 10_000,
    help: 'maximum number of sessions; beyond it, the one that has been without its client for longest ends',
  }),
  /** Maximum number of threads, including spares; by default as many as the machine's memory allows. */
  maxThreads: option(integer(1, 16_384), {
    defaultText: "from the machine's memory",
    help: 'maximum number of threads, including spares',
  }),
  /** Started threads that wait for a session, by default 2; at most `maxThreads`. */
  spareThreads: option(integer(0, 1_024), {
    defaultText: '2',
    help: 'number of started threads that wait for a session; more are kept while sessions claim them quickly',
  }),
  /** Maximum heap of a thread in MiB, by default 128; at most `threadMemoryMb`. */
  threadHeapMb: option(integer(16, 65_536), {
    defaultText: '128',
    help: "maximum heap of a session's thread in MiB; about twice that in a loop that does not yield",
  }),
  /** Maximum heap and Buffers of a thread together in MiB, by default 512. */
  threadMemoryMb: option(integer(16, 1_048_576), {
    defaultText: '512',
    help: "maximum heap and Buffers of a session's thread together in MiB",
  }),
  /** Nice value of session threads, by default 5. */
  threadNice: option(integer(0, 19), {
    default: 5,
    help: 'nice value of session threads, so that tools cannot starve the main thread',
  }),
  /** Maximum number of processes that sessions have, including spares; by default as many as the machine's memory allows. */
  maxProcesses: option(integer(1, 16_384), {
    defaultText: "from the machine's memory",
    help: "maximum number of sessions' processes, including spares",
  }),
  /** Maximum resident memory of a session's process and its descendants in MiB, by default 1,024. */
  processMemoryMb: option(integer(16, 1_048_576), {
    default: 1_024,
    help: "maximum resident memory of a session's process and its descendants in MiB",
  }),
};
