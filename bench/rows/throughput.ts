import { setTimeout as delay } from 'node:timers/promises';
import { NODE_MAJOR } from '../../src/shared/node-version.js';
import { closedLoop, warmUp } from '../client/load.js';
import { closeSessions, openSessions } from '../client/mcp-session.js';
import { type Throughput, throughputOf } from '../client/throughput.js';
import { alternate, type BenchSettings, type Figure, type Goal, type Row } from '../figure.js';
import { bare, bulkhead, type StartServer, sdk, withServer } from '../servers/measured-server.js';
import { median } from '../statistics.js';

/** In each session. */
const COLD_CALLS = 50;
/** Of 64 sessions each. The first sets in a process are served by code that is compiled meanwhile, on both sides. */
const COLD_SETS = { before: 2, measured: 3 };
/**
 * V8 collects the whole heap of a thread two or three times between the 8th and the 11th second of its life, which takes 36 to
 * 53 ms of processor time. A claimed spare is mostly older than that. New spares are started in this time as well.
 */
const COLLECTED_MS = 12_000;
/** The figures of a quick run include some of these collections. */
const QUICK_REST_MS = 2000;
/** What is left of `node:http`'s own rate by a transport that checks everything, two threads and the SDK. */
const BARE_SHARE = 0.37;
const BARE = 'node:http';

/** The SDK is nearly twice as fast alone on Node 22 and later, so the issue asks for less there. */
function rateGoal(): number {
  return NODE_MAJOR < 22 ? 4 : 2.2;
}

interface Load {
  readonly sessions: number;
  /** In each session, each over a connection of its own. */
  readonly callsAtOnce: number;
}

type Measure = (start: StartServer, load: Load, quick: boolean) => Promise<Throughput>;

async function measureHot(start: StartServer, load: Load, quick: boolean): Promise<Throughput> {
  const durationMs = quick ? 2000 : 4000;
  return withServer(start, async ({ pid, url }) => {
    const opened = await openSessions(url, load.sessions);
    const sessions = opened.flatMap((session) => session.lanes(load.callsAtOnce));
    try {
      for (const session of sessions) await session.echo();
      await warmUp(sessions, quick);
      return await throughputOf(pid, () => closedLoop(sessions, durationMs));
    } finally {
      await closeSessions(sessions);
    }
  });
}

/**
 * The main thread and the SDK's one thread are hot: they have served calls, and have seen whole sets of sessions come
 * and go. The measured sessions have made one call each, so that each has its thread, and make so few further calls that the
 * code of their threads stays cold. Sessions of a server that has been running for weeks are like that.
 */
async function measureCold(start: StartServer, load: Load, quick: boolean): Promise<Throughput> {
  return withServer(start, async ({ pid, url }) => {
    const others = await openSessions(url, 8);
    await warmUp(others, quick);
    for (const session of others) await session.delete();
    await closeSessions(others);
    for (let set = 0; set < COLD_SETS.before; set += 1) await coldSet(pid, url, load, quick);
    const sets: Throughput[] = [];
    while (sets.length < COLD_SETS.measured) sets.push(await coldSet(pid, url, load, quick));
    const middle = (key: keyof Throughput): number => median(sets.map((set) => set[key]));
    return {
      callsPerSecond: middle('callsPerSecond'),
      serverCpuUs: middle('serverCpuUs'),
      clientCpuUs: middle('clientCpuUs'),
    };
  });
}

/** One set of new sessions, from their first to their end. */
async function coldSet(pid: number, url: URL, load: Load, quick: boolean): Promise<Throughput> {
  const sessions = await openSessions(url, load.sessions);
  try {
    for (const session of sessions) await session.echo();
    await delay(quick ? QUICK_REST_MS : COLLECTED_MS);
    const result = await throughputOf(pid, async () => {
      await Promise.all(
        sessions.map(async (session) => {
          for (let calls = 0; calls < COLD_CALLS; calls += 1) await session.echo();
        }),
      );
      return sessions.length * COLD_CALLS;
    });
    for (const session of sessions) await session.delete();
    return result;
  } finally {
    await closeSessions(sessions);
  }
}

/** Calls a second and processor a call in a closed loop. */
function throughput(
  name: string,
  load: Load,
  goal?: Goal,
  orientation: Readonly<Record<string, StartServer>> = {},
  measure: Measure = measureHot,
): Row {
  const cold = measure === measureCold ? ', cold threads' : '';
  const title = `echo, ${load.sessions} sessions, ${load.callsAtOnce} at once in each${cold}`;
  return {
    name,
    title,
    async run(settings: BenchSettings): Promise<Figure[]> {
      const servers: Record<string, StartServer> = { Bulkhead: bulkhead(), SDK: sdk(), ...orientation };
      const sides = Object.fromEntries(
        Object.entries(servers).map(([side, start]) => [side, () => measure(start, load, settings.quick)]),
      );
      const results = await alternate(settings, title, sides);
      const figure = (measured: string, unit: string, key: keyof Throughput): Figure => {
        const values = (side: string): number[] => (results[side] ?? []).map((result) => result[key]);
        return {
          measure: `${title}: ${measured}`,
          unit,
          bulkhead: values('Bulkhead'),
          comparedWith: { name: 'SDK', values: values('SDK') },
          orientation: Object.keys(orientation).map((side) => ({ name: side, values: values(side) })),
        };
      };
      const bareRates = results[BARE]?.map(({ callsPerSecond }) => callsPerSecond);
      const share: Figure[] = bareRates
        ? [
            {
              measure: `${title}: calls, and those of node:http`,
              unit: 'calls/s',
              bulkhead: (results.Bulkhead ?? []).map(({ callsPerSecond }) => callsPerSecond),
              comparedWith: { name: BARE, values: bareRates },
              goal: { kind: 'ratio at least', value: BARE_SHARE },
            },
          ]
        : [];
      return [
        ...share,
        { ...figure('calls', 'calls/s', 'callsPerSecond'), ...(goal && { goal }) },
        figure('processor of the server', 'µs/call', 'serverCpuUs'),
        figure('processor of the client', 'µs/call', 'clientCpuUs'),
      ];
    },
  };
}

const rate: Goal = { kind: 'ratio at least', value: rateGoal() };
const forOrientation = { 'SDK, JSON answers': sdk('--json'), [BARE]: bare };

export const echo8 = throughput('echo-8', { sessions: 8, callsAtOnce: 4 }, rate, forOrientation);
export const echo8Single = throughput('echo-8-single', { sessions: 8, callsAtOnce: 1 }, rate, forOrientation);
export const echo64 = throughput('echo-64', { sessions: 64, callsAtOnce: 1 });
export const coldEcho64 = throughput(
  'cold-64',
  { sessions: 64, callsAtOnce: 1 },
  { kind: 'ratio at least', value: 2 },
  {},
  measureCold,
);
