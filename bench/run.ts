/**
 * `npm run bench`: Bulkhead side by side with the SDK's own transport in one thread. This process is the client;
 * each server is a process of its own that runs alone while it is measured.
 */
import type { Row } from './figure.js';
import { authentication } from './rows/authentication.js';
import { kill } from './rows/kill.js';
import { latency, loadedLatency } from './rows/latency.js';
import { learnedLists } from './rows/learned-lists.js';
import { mainThread } from './rows/main-thread.js';
import { manySessions } from './rows/many-sessions.js';
import { memory } from './rows/memory.js';
import { neighbour } from './rows/neighbour.js';
import { quotas } from './rows/quotas.js';
import { sessionCreation } from './rows/session-creation.js';
import { sleepCycles } from './rows/sleep-cycles.js';
import { threadStart } from './rows/thread-start.js';
import { coldEcho64, echo8, echo8Single, echo64 } from './rows/throughput.js';
import { turns } from './rows/turns.js';
import { initialize, wake } from './rows/waking.js';
import { runRows } from './rows-command.js';

const ROWS: readonly Row[] = [
  echo8,
  echo8Single,
  echo64,
  coldEcho64,
  latency,
  loadedLatency,
  initialize,
  wake,
  sessionCreation,
  manySessions,
  learnedLists,
  sleepCycles,
  neighbour,
  turns,
  quotas,
  threadStart,
  memory,
  kill,
  mainThread,
  authentication,
];

await runRows(ROWS, { command: 'dist/bench/run.js', kind: 'bench', heading: '' });
