/** Runs one scenario: starts its gateway, applies its loads, judges the results, and always stops the gateway. */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../src/shared/errors.js';
import type { Judgement, LoadReport } from '../load-report.js';
import type { Phase, Scale, Scenario } from '../scenario.js';
import { reportPrefix, runLoadProcess } from './load-process.js';
import { RunningGateway } from './running-gateway.js';

interface RunVerdict {
  readonly run: string;
  readonly errors: LoadReport['errors'];
  readonly limitedBy: string | null;
  readonly expectations: readonly Judgement[];
}

export interface Verdict {
  readonly scenario: string;
  readonly passed: boolean;
  readonly durationMs: number;
  readonly runs: readonly RunVerdict[];
  readonly checks: readonly Judgement[];
  /** A sentence, if the scenario could not be completed. */
  readonly failure: string | null;
}

/** Never rejects: failures are in the verdict. */
export async function runScenario(scenario: Scenario, scale: Scale, folder: string): Promise<Verdict> {
  const startMs = performance.now();
  const reports = new Map<string, LoadReport>();
  let checks: readonly Judgement[] = [];
  let failure: string | null = null;
  let gateway: RunningGateway | undefined;
  try {
    gateway = await RunningGateway.start(scenario.gatewayFlags);
    for (const phase of scenario.phases(scale)) {
      const found = await runPhase(scenario.name, phase, gateway, folder);
      for (const [run, report] of found) reports.set(run, report);
    }
    const report = (run: string): LoadReport => reportOf(reports, run);
    checks = (await scenario.checks?.({ gateway, report })) ?? [];
  } catch (error) {
    failure = messageOf(error);
  } finally {
    await gateway?.stop();
  }
  const runs = [...reports].map(
    ([run, { errors, client, expectations }]): RunVerdict => ({
      run,
      errors,
      limitedBy: client.limitedBy,
      expectations,
    }),
  );
  const results = [...runs.flatMap(({ expectations }) => expectations), ...checks];
  return {
    scenario: scenario.name,
    passed: failure === null && results.every(({ met }) => met),
    durationMs: performance.now() - startMs,
    runs,
    checks,
    failure,
  };
}

async function runPhase(
  scenario: string,
  { runs, watched, meanwhile }: Phase,
  gateway: RunningGateway,
  folder: string,
): Promise<[run: string, report: LoadReport][]> {
  const acting =
    meanwhile === undefined ? undefined : delay(meanwhile.afterMs).then(() => meanwhile.act(gateway));
  const running = runs.map(async (run): Promise<[string, LoadReport]> => {
    const prefix = reportPrefix(folder, scenario, run.name);
    // The gateway's counts include all runs, so only a run that is alone can compare them.
    const readsMetrics = watched && runs.length === 1;
    await delay(run.afterMs ?? 0);
    const report = await runLoadProcess({ gateway, run, prefix, watchesProcess: watched, readsMetrics });
    return [run.name, report];
  });
  // Wait for all of them, whatever happens to one, so that none continues into the next phase.
  const settled = await Promise.allSettled([...running, acting]);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
  return Promise.all(running);
}

function reportOf(reports: ReadonlyMap<string, LoadReport>, run: string): LoadReport {
  const report = reports.get(run);
  if (report === undefined) throw new Error(`there is no run ${run}`);
  return report;
}
