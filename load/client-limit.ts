/** Whether the client, and not the server, was the limit of a run. */
import type { LoadPlan } from './load-plan.js';
import type { ClientReport } from './load-report.js';

export interface ClientFigures {
  readonly loop: LoadPlan['arrivals']['loop'];
  readonly workers: number;
  readonly coreShare: number;
  readonly utilisation: number;
  readonly lateP99Ms: number | null;
  /** Of the calls that were answered; `null` if none was. */
  readonly latencyP99Ms: number | null;
}

/** From this share of a core on, a thread has no time left. */
const FULL_CORE = 0.9;
/** A thread whose event loop is busy all the time always had work waiting, however little of a core it was given. */
const ALWAYS_BUSY = 0.97;
/** A timer is up to a millisecond late in any program. */
const TIMER_MS = 2;
/** A larger part of the latency than this is the client's and not the server's. */
const LATE_SHARE = 0.2;

export function clientReport(figures: ClientFigures): ClientReport {
  const { workers, coreShare, utilisation, lateP99Ms, latencyP99Ms } = figures;
  const checked = latencyP99Ms !== null;
  return { workers, coreShare, utilisation, lateP99Ms, checked, limitedBy: checked ? limit(figures) : null };
}

/**
 * In an open loop the client is the limit if it sends so late that its delay is a part of the latencies that counts. A busy
 * client that sends in time is not. A closed loop has no due times: there it is the limit if it had no time left.
 */
function limit(figures: ClientFigures): string | null {
  const { loop, workers, coreShare, utilisation, lateP99Ms, latencyP99Ms } = figures;
  const share = `${Math.round(100 * coreShare)} % of a core`;
  const isFull = coreShare >= FULL_CORE;
  const used = isFull ? `used ${share}` : `got only ${share}`;
  const threads = workers === 1 ? 'its thread' : `each of its ${workers} threads`;
  const remedy = isFull
    ? `give it more threads than ${workers} (--workers)`
    : 'give it more of the machine, or another one';
  if (loop === 'closed') {
    if (!isFull && utilisation < ALWAYS_BUSY) return null;
    return `${threads} ${used} and always had work: ${remedy}`;
  }
  if (lateP99Ms === null || latencyP99Ms === null || lateP99Ms <= TIMER_MS) return null;
  if (lateP99Ms <= LATE_SHARE * latencyP99Ms) return null;
  const late = `${Math.round((100 * Math.min(lateP99Ms, latencyP99Ms)) / latencyP99Ms)} %`;
  return `${threads} ${used}, and sending late was ${late} of the latency (p99): ${remedy}`;
}
