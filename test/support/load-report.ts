/** Load reports for tests: one that a healthy run could have made, with changes for each test. */
import type { LoadPlan } from '../../load/load-plan.js';
import type {
  Latency,
  LoadReport,
  OperationReport,
  ProcessSample,
  SecondReport,
  ServerProcessReport,
} from '../../load/load-report.js';

/** The latency if nothing was answered. */
export const NO_LATENCY: Latency = {
  count: 0,
  meanMs: null,
  p50Ms: null,
  p90Ms: null,
  p99Ms: null,
  p999Ms: null,
  maxMs: null,
};

/** Percentiles that grow from the median in the usual proportions. */
export function latencyAround(p50Ms: number, count: number): Latency {
  return {
    count,
    meanMs: p50Ms * 1.2,
    p50Ms,
    p90Ms: p50Ms * 2,
    p99Ms: p50Ms * 5,
    p999Ms: p50Ms * 12,
    maxMs: p50Ms * 31.4,
  };
}

export function loadPlan(changes: Partial<LoadPlan> = {}): Omit<LoadPlan, 'headers'> {
  const { headers: _headers, ...plan } = { headers: {}, ...PLAN, ...changes };
  return plan;
}

const PLAN: Omit<LoadPlan, 'headers'> = {
  url: 'http://127.0.0.1:3000/mcp',
  era: 'session',
  transport: 'streamable-http',
  protocolVersion: '2025-11-25',
  sessions: 100,
  idleSessions: 20,
  listen: true,
  arrivals: { loop: 'open', callsPerSecond: 500 },
  warmUpMs: 0,
  rampMs: 5_000,
  durationMs: 30_000,
  churnPerSecond: 5,
  dropPerSecond: 2,
  timeoutMs: 30_000,
  readBytesPerSecond: undefined,
  mix: [
    { tool: 'echo', arguments: { text: '{{session}} {{n}}' }, weight: 3 },
    { tool: 'files.read', arguments: { path: 'a.txt' }, weight: 1 },
  ],
  workers: 1,
};

export function operation(changes: Partial<OperationReport> = {}): OperationReport {
  const answered = changes.answered ?? 11_250;
  return {
    method: 'tools/call',
    tool: 'echo',
    answered,
    perSecond: answered / 30,
    errors: {},
    latency: latencyAround(1.24, answered),
    ...changes,
  };
}

/** Seconds of a run whose latency varies a little, the same each time. */
export function secondsOf(
  length: number,
  change: (second: number) => Partial<SecondReport> = () => ({}),
): SecondReport[] {
  return Array.from({ length }, (_, second) => {
    const waver = 1 + 0.2 * Math.sin(second * 1.7) + 0.1 * Math.sin(second * 0.31);
    return {
      second,
      answered: Math.round(500 * (0.97 + 0.03 * waver)),
      errors: 0,
      p50Ms: 1.2 * waver,
      p99Ms: 6 * waver ** 3,
      maxMs: 14 * waver ** 5,
      sessions: 120,
      ...change(second),
    };
  });
}

/** Samples, one a second, of a process tree that neither grows nor shrinks. */
export function samplesOf(
  length: number,
  change: (second: number) => Partial<ProcessSample> = () => ({}),
): ProcessSample[] {
  return Array.from({ length }, (_, second) => ({
    atMs: second * 1_000,
    processes: 1,
    threads: 131,
    descriptors: 260,
    residentBytes: Math.round(900 * 2 ** 20 * (1 + 0.01 * Math.sin(second * 0.9))),
    cpuMs: second * 640,
    ...change(second),
  }));
}

export function serverProcess(changes: Partial<ServerProcessReport> = {}): ServerProcessReport {
  return {
    pid: 4321,
    samples: samplesOf(35),
    bytesPerSession: 7.4 * 2 ** 20,
    cpuMsPerSession: 2.4,
    cpuMsPerCall: 0.31,
    trends: {
      residentBytes: { perMinute: 310_000, plusMinus: 1_200_000, flat: true },
      threads: { perMinute: 0, plusMinus: 0.1, flat: true },
      descriptors: { perMinute: 4.2, plusMinus: 1.1, flat: false },
    },
    ...changes,
  };
}

/** A successful run of 100 sessions and 500 calls a second for 30 seconds, not judged yet. */
export function loadReport(changes: Partial<LoadReport> = {}): LoadReport {
  return {
    format: 1,
    version: '0.1.0',
    commandLine: 'bulkhead load http://127.0.0.1:3000/mcp --sessions 100 --rate 500 --mix mix.json',
    machine: {
      cores: 4,
      processor: 'Example CPU',
      memoryBytes: 16 * 2 ** 30,
      node: 'v22.11.0',
      system: 'Linux 6.8.0 x64',
    },
    server: { name: 'files', version: '2.1.0' },
    mixReason: null,
    startedAt: '2026-03-04T05:06:07.000Z',
    plan: loadPlan(),
    interrupted: false,
    rampMs: 5_002,
    warmUpMs: 0,
    holdMs: 30_003,
    answered: 15_000,
    perSecond: 500,
    latency: latencyAround(1.3, 15_000),
    sessionCreation: latencyAround(22, 330),
    firstCall: latencyAround(4.1, 310),
    operations: [
      operation(),
      operation({ tool: 'files.read', answered: 3_750, latency: latencyAround(2.6, 3_750) }),
      operation({ method: 'initialize', tool: null, answered: 330, latency: latencyAround(20, 330) }),
      operation({ method: 'tools/list', tool: null, answered: 1, latency: latencyAround(3, 1) }),
    ],
    errors: {},
    errorSamples: [],
    contaminated: 0,
    lost: 0,
    longestGapMs: 18,
    answerKinds: { json: 14_800, eventStream: 200 },
    sessions: {
      created: 330,
      failed: 0,
      ended: 150,
      dropped: 60,
      forgotten: 0,
      reopened: 0,
      streamsClosed: 0,
    },
    seconds: [
      ...secondsOf(5, (second) => ({
        answered: 0,
        p50Ms: null,
        p99Ms: null,
        maxMs: null,
        sessions: 24 * (second + 1),
      })),
      ...secondsOf(30).map((each) => ({ ...each, second: each.second + 5 })),
    ],
    client: {
      workers: 1,
      coreShare: 0.31,
      utilisation: 0.34,
      lateP99Ms: 1.2,
      checked: true,
      limitedBy: null,
    },
    metrics: {
      url: 'http://127.0.0.1:9090/metrics',
      figures: [
        { name: 'bulkhead_sessions', before: 0, after: 120 },
        { name: 'process_resident_memory_bytes', before: 71_303_168, after: 943_718_400 },
      ],
      checks: [
        { what: 'tools/call operations', client: 15_000, server: 15_000, agrees: true },
        { what: 'sessions created', client: 330, server: 330, agrees: true },
      ],
    },
    process: serverProcess(),
    expectations: [],
    passed: true,
    ...changes,
  };
}
