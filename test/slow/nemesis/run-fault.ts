/** One fault against a separate gateway: launch, workload and bystander, fault, recovery, end, verdicts. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultResult, Latencies } from '../../../bench/reliability/results.js';
import type { SeededRandom } from '../../fixtures/isolation/random.js';
import { fixtureModule } from '../../support/modules.js';
import { Bystander } from './bystander.js';
import type { BystanderReport } from './bystander-thread.js';
import { judgeExecutions, judgeSession, type Verdict } from './checker.js';
import { ClientSession } from './client-session.js';
import { CuttingProxy } from './cutting-proxy.js';
import type { Fault } from './fault.js';
import { GatewayProcess } from './gateway-process.js';
import type { Executions, SessionHistory } from './history.js';
import { Workload } from './workload.js';

const RECOVERY_DEADLINE_MS = 60_000;
const PROBE_INTERVAL_MS = 500;
const MAX_FINDINGS = 20;
/** How much of the log is shown if the gateway died. */
const MAX_LAST_CHARS = 1_500;
/** Killing a spinning tool, and draining, must not take most of a short run. */
const OPTIONS = {
  'max-threads': '64',
  'spare-threads': '4',
  'cancel-grace': '300ms',
  'disconnect-grace': '5s',
  'drain-timeout': '2s',
};

export interface RunSettings {
  readonly random: SeededRandom;
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly holdMs: number;
}

export async function runFault(fault: Fault, settings: RunSettings): Promise<FaultResult> {
  const { random } = settings;
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-nemesis-'));
  const executionsFile = join(folder, 'executions');
  const file = join(folder, 'file');
  writeFileSync(file, 'nemesis\n');
  writeFileSync(executionsFile, '');
  const logFile = join(folder, 'stderr');
  const log = openSync(logFile, 'w');
  const startMs = performance.now();
  let gateway: GatewayProcess | undefined;
  let proxy: CuttingProxy | undefined;
  let bystander: Bystander | undefined;
  let worked: Promise<void> | undefined;
  const faultOver = new AbortController();
  try {
    gateway = await GatewayProcess.launch({
      module: fixtureModule('nemesis'),
      options: { ...OPTIONS, ...fault.options },
      env: { NEMESIS_EXECUTIONS: executionsFile, NEMESIS_FILE: file },
      stderr: log,
      ...(await fault.launch?.(folder)),
    });
    proxy = new CuttingProxy(gateway.url, random);
    await proxy.start();
    const running = gateway;
    bystander = await Bystander.start(gateway.url);
    const workload = new Workload({
      url: proxy.url,
      random,
      temper: fault.temper ?? {},
      calls: settings.calls * (fault.share ?? 1),
      callsPerSecond: settings.callsPerSecond,
      ...(fault.pauseMs !== undefined && { pauseMs: fault.pauseMs }),
      faultOver: faultOver.signal,
      hopeless: () => running.death !== undefined,
    });
    worked = workload.run();
    await fault
      .during({ gateway, proxy, workload, random, folder, holdMs: settings.holdMs })
      .catch((error: unknown) => {
        // Actions on a process that has died fail; its death is more informative.
        if (running.death === undefined) throw error;
      });
    const report = await bystander.stop();
    const recovery = await recover(gateway);
    faultOver.abort();
    await worked;
    const stopMs = await gateway.stop();
    const histories = [...workload.histories, report.history, ...recovery.histories];
    const verdicts = [
      ...histories.flatMap(judgeSession),
      ...judgeExecutions(histories, executionsIn(executionsFile), 'mark'),
    ];
    return {
      name: fault.name,
      what: fault.what,
      effect: fault.effect,
      machine: fault.machine,
      seconds: (performance.now() - startMs) / 1_000,
      resumes: workload.resumes,
      ...tally(histories),
      ...count(verdicts),
      ...(gateway.death !== undefined && { death: `${gateway.death}: ${lastLines(logFile)}` }),
      bystander: latencies(report),
      ...(recovery.ms !== undefined && { recoveryMs: recovery.ms }),
      ...(stopMs !== undefined && { stopMs }),
      mainHeapBytes: gateway.readings.mainHeapBytes,
      eventLoopMs: gateway.readings.eventLoopMs,
    };
  } finally {
    faultOver.abort();
    gateway?.kill();
    await proxy?.stop();
    await worked;
    await bystander?.terminate();
    await fault.release?.();
    closeSync(log);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits until a new client is served in full: a new session, a call, a file, a name. */
async function recover(
  gateway: GatewayProcess,
): Promise<{ readonly ms?: number; readonly histories: SessionHistory[] }> {
  const startMs = performance.now();
  const histories: SessionHistory[] = [];
  let servedMs: number | undefined;
  const probe = async (number: number): Promise<void> => {
    const session = new ClientSession(gateway.url, `probe${number}`);
    let served = await session.open(false);
    for (const tool of ['echo', 'file', 'name']) {
      served = served && (await session.call({ tool })).outcome.kind === 'answer';
    }
    if (served) servedMs ??= performance.now() - startMs;
    await session.leave('delete');
    histories.push(session.history());
  };
  const probes: Promise<void>[] = [];
  // A probe that hangs must not prevent the next one from being served.
  for (let number = 1; servedMs === undefined && gateway.death === undefined; number += 1) {
    if (performance.now() - startMs > RECOVERY_DEADLINE_MS) break;
    const asked = probe(number);
    probes.push(asked);
    await Promise.race([asked, delay(PROBE_INTERVAL_MS)]);
    if (servedMs === undefined) await delay(PROBE_INTERVAL_MS / 10);
  }
  await Promise.all(probes);
  return { ...(servedMs !== undefined && { ms: servedMs }), histories };
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').slice(-MAX_LAST_CHARS);
}

function executionsIn(file: string): Executions {
  const executions = new Map<string, number>();
  for (const token of readFileSync(file, 'utf8').split('\n')) {
    if (token !== '') executions.set(token, (executions.get(token) ?? 0) + 1);
  }
  return executions;
}

function tally(
  histories: readonly SessionHistory[],
): Pick<FaultResult, 'requests' | 'answered' | 'errors' | 'closed' | 'left'> {
  const counts = { answer: 0, error: 0, closed: 0, left: 0, none: 0 };
  const reasons: string[] = [];
  for (const { operations } of histories) {
    for (const { outcome } of operations) {
      counts[outcome.kind] += 1;
      if (outcome.kind === 'error') reasons.push(outcome.reason);
    }
  }
  const requests = Object.values(counts).reduce((sum, times) => sum + times, 0);
  const { answer, closed, left } = counts;
  return { requests, answered: answer, closed, left, errors: timesOf(reasons) };
}

function count(
  verdicts: readonly Verdict[],
): Pick<FaultResult, 'wrong' | 'lost' | 'twice' | 'gaps' | 'findings'> {
  const of = (fault: Verdict['fault']): number =>
    verdicts.filter((verdict) => verdict.fault === fault).length;
  const sentences = verdicts.map(({ fault, session, why }) => `${fault}: ${session}: ${why}`);
  return {
    wrong: of('wrong'),
    lost: of('lost'),
    twice: of('twice'),
    gaps: of('gap'),
    findings: sentences.slice(0, MAX_FINDINGS),
  };
}

function latencies({ latenciesMs, failures, ownDelayMs }: BystanderReport): Latencies {
  const sorted = latenciesMs.toSorted((one, other) => one - other);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return {
    calls: sorted.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    failures: timesOf(failures),
    ownDelayMs,
  };
}

function timesOf(reasons: readonly string[]): Record<string, number> {
  const times: Record<string, number> = {};
  for (const reason of reasons) times[reason] = (times[reason] ?? 0) + 1;
  return times;
}
