import { closedLoop, warmUp } from '../client/load.js';
import { closeSessions, openSessions } from '../client/mcp-session.js';
import { alternate, type BenchSettings, type Figure, type Goal, type Row } from '../figure.js';
import { bare, bulkhead, type StartServer, sdk, withServer } from '../servers/measured-server.js';
import { cpuUs } from '../servers/process-usage.js';

interface Throughput {
  readonly callsPerSecond: number;
  readonly serverCpuUs: number;
  readonly clientCpuUs: number;
}

function ownCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** The SDK is nearly twice as fast alone on Node 22 and later, so the issue asks for less there. */
function rateGoal(): number {
  return Number(process.versions.node.split('.')[0]) < 22 ? 3.5 : 2.2;
}

async function measure(start: StartServer, sessionCount: number, quick: boolean): Promise<Throughput> {
  const durationMs = quick ? 2000 : 4000;
  return withServer(start, async ({ pid, url }) => {
    const sessions = await openSessions(url, sessionCount);
    try {
      await warmUp(sessions, quick);
      const server = cpuUs(pid);
      const client = ownCpuUs();
      const startMs = performance.now();
      const calls = await closedLoop(sessions, durationMs);
      const elapsedMs = performance.now() - startMs;
      return {
        callsPerSecond: (calls * 1000) / elapsedMs,
        serverCpuUs: (cpuUs(pid) - server) / calls,
        clientCpuUs: (ownCpuUs() - client) / calls,
      };
    } finally {
      await closeSessions(sessions);
    }
  });
}

/** Calls a second and processor a call, one call in flight in each session. */
function throughput(
  name: string,
  sessionCount: number,
  goal?: Goal,
  orientation: Readonly<Record<string, StartServer>> = {},
): Row {
  const title = `echo, ${sessionCount} sessions`;
  return {
    name,
    title,
    async run(settings: BenchSettings): Promise<Figure[]> {
      const servers: Record<string, StartServer> = { Bulkhead: bulkhead(), SDK: sdk(), ...orientation };
      const sides = Object.fromEntries(
        Object.entries(servers).map(([side, start]) => [
          side,
          () => measure(start, sessionCount, settings.quick),
        ]),
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
      return [
        { ...figure('calls', 'calls/s', 'callsPerSecond'), ...(goal && { goal }) },
        figure('processor of the server', 'µs/call', 'serverCpuUs'),
        figure('processor of the client', 'µs/call', 'clientCpuUs'),
      ];
    },
  };
}

export const echo8 = throughput(
  'echo-8',
  8,
  { kind: 'ratio at least', value: rateGoal() },
  { 'SDK, JSON answers': sdk('--json'), 'node:http': bare },
);
export const echo64 = throughput('echo-64', 64);
