import { readdirSync } from 'node:fs';
import { trend } from '../../load/server/trend.js';
import { Admin } from '../client/admin.js';
import { closeSessions, openSessions } from '../client/mcp-session.js';
import { type BenchSettings, boundedFigure, type Figure, type Row } from '../figure.js';
import { bulkhead, withServer } from '../servers/measured-server.js';
import { residentBytes } from '../servers/process-usage.js';

const TITLE = 'sleep and wake';
const SLEEP_AFTER_MS = 20;
const SESSIONS = 4;
const SPARES = 2;
/**
 * Growth that is not a leak must be over first: allocators and V8 grow for a while, event logs keep answers for five minutes
 * (3,700 to 4,800 cycles), and a full collection of the main thread comes every 1,500 cycles. Measured on Node 20, in MiB
 * without mapped files: 145 after 1,000 cycles, 153.2 after 4,000, 154.2 after 5,000, 154.6 after 6,000, 154.5 after 8,000.
 */
const CYCLES = 8_000;
const SETTLING_SHARE = 2 / 3;
/**
 * How often memory is read. Each time, the additional spares of a busy time have ended first, because a thread takes 14 MiB. Memory
 * is read from the start on, so that the part that counts has no more pauses, in which memory may be released, than the rest.
 */
const READINGS = 90;
const MEBIBYTE = 2 ** 20;

interface Cycles {
  readonly mibPerThousand: number;
  /** Half of the slope's 95 % confidence interval. */
  readonly plusMinusMib: number;
  readonly threadsLeft: number;
  readonly descriptorsLeft: number;
}

function cyclesOf(quick: boolean): number {
  return quick ? 100 : CYCLES;
}

function threadsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** A few sessions that are woken by a call and fall asleep, again and again. */
function cycles(quick: boolean): Promise<Cycles> {
  const count = cyclesOf(quick);
  const flags = ['--sleep-after', `${SLEEP_AFTER_MS}ms`, '--spare-threads', String(SPARES)];
  return withServer(bulkhead(...flags), async (server) => {
    const admin = new Admin(server);
    const sessions = await openSessions(server.url, SESSIONS);
    // One cycle is entered as a 1,000th of a minute, so that a slope per minute is one per thousand cycles.
    const points: { atMs: number; value: number }[] = [];
    try {
      const cycle = async (): Promise<void> => {
        await Promise.all(sessions.map((session) => session.echo()));
        await admin.untilAsleep();
      };
      for (let warmed = 0; warmed < 20; warmed += SESSIONS) await cycle();
      await admin.untilThreads(SPARES);
      const threads = threadsOf(server.pid);
      const descriptors = descriptorsOf(server.pid);
      for (let cycled = 0; cycled < count; cycled += SESSIONS) {
        await cycle();
        if (cycled < (points.length * count) / READINGS) continue;
        await admin.untilThreads(SPARES);
        points.push({ atMs: cycled * 60, value: residentBytes(server.pid) / MEBIBYTE });
      }
      await admin.untilThreads(SPARES);
      const steady = trend(points.slice(Math.ceil(points.length * SETTLING_SHARE)));
      return {
        mibPerThousand: steady?.perMinute ?? Number.NaN,
        plusMinusMib: steady?.plusMinus ?? Number.NaN,
        threadsLeft: threadsOf(server.pid) - threads,
        descriptorsLeft: descriptorsOf(server.pid) - descriptors,
      };
    } finally {
      await admin.close();
      await closeSessions(sessions);
    }
  });
}

/** What is left behind when sessions have slept and woken thousands of times. Linux only. */
export const sleepCycles: Row = {
  name: 'sleep-cycles',
  title: TITLE,
  async run(settings: BenchSettings): Promise<Figure[]> {
    settings.progress(TITLE);
    const result = await cycles(settings.quick);
    const title = `${TITLE} ${cyclesOf(settings.quick).toLocaleString('en')} times`;
    const figure = (what: string, unit: string, value: number, most: number): Figure =>
      boundedFigure(`${title}: ${what}`, unit, value, most);
    const { mibPerThousand, plusMinusMib } = result;
    return [
      {
        measure: `${title}: resident memory, slope after settling`,
        unit: 'MiB/1000',
        bulkhead: [mibPerThousand],
      },
      figure(
        'that slope, less half of its 95 % confidence interval',
        'MiB/1000',
        mibPerThousand - plusMinusMib,
        0,
      ),
      figure('threads more than before', '', result.threadsLeft, 0),
      figure('descriptors more than before', '', result.descriptorsLeft, 0),
    ];
  },
};
