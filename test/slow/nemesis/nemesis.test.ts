/**
 * Faults against the built gateway, each while clients work and a bystander observes. What is counted (wrong, lost,
 * twice, gaps, deaths, a refused bystander, a service that does not come back) fails the run. What is timed is a
 * benchmark: it is written to the results. If results are requested, a test fails at `TOLERANCE` times the goal, or at
 * the value of the calm run if that was more, because the machine does other things too.
 *
 * `NEMESIS_CALLS` (50,000): calls over all faults. `NEMESIS_RATE` (400): calls a second. `NEMESIS_SEED` repeats a run's
 * choices. `NEMESIS_PATIENCE` (4): a fault's run is ended after this many times the time that its calls take at their
 * rate; on a loaded machine, set it higher. `NEMESIS_RESULTS`: a file for the results, from which `npm run reliability`
 * makes docs/reliability.md.
 */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { machineText } from '../../../bench/markdown.js';
import {
  type FaultResult,
  GOALS,
  type ManySessionsResult,
  type Results,
} from '../../../bench/reliability/results.js';
import { SeededRandom } from '../../fixtures/isolation/random.js';
import type { Fault } from './fault.js';
import { calm, cancel, crash, cut, everything, memory, sleep, spin } from './faults/by-clients.js';
import { logDisk, logPipe, pool, silentNameServer } from './faults/held-resources.js';
import { descriptors, pids, proxyRestart, stopped } from './faults/of-the-process.js';
import { manySessions } from './many-sessions.js';
import { runFault } from './run-fault.js';

const FAULTS: readonly Fault[] = [
  calm,
  crash,
  spin,
  cancel,
  cut,
  sleep,
  memory,
  stopped,
  proxyRestart,
  pids,
  descriptors,
  logDisk,
  logPipe,
  silentNameServer,
  pool,
  everything,
];

const TOLERANCE = 5;
const HOLD_MS = 8_000;
/** What a fault takes besides its calls: launch, hold, recovery, judgement. */
const BESIDE_CALLS_MS = 90_000;
const CALLS = Number(process.env.NEMESIS_CALLS ?? 50_000);
const RATE = Number(process.env.NEMESIS_RATE ?? 400);
const PATIENCE = Number(process.env.NEMESIS_PATIENCE ?? 4);
const SEED = Number(process.env.NEMESIS_SEED ?? randomInt(2 ** 31));
const RESULTS_FILE = process.env.NEMESIS_RESULTS;

const shares = FAULTS.reduce((sum, { share = 1 }) => sum + share, 0);
const callsEach = Math.ceil(CALLS / shares);

describe('nemesis', () => {
  const faults: FaultResult[] = [];
  const skipped: Record<string, string> = {};
  const broken: Record<string, string> = {};
  let many: ManySessionsResult | undefined;
  const calmRun = () => faults.find(({ name }) => name === calm.name);

  for (const fault of FAULTS) {
    it(`keeps every answer right under the fault '${fault.name}': ${fault.what}`, async function () {
      const missing = fault.missing?.();
      if (missing !== undefined) {
        skipped[fault.name] = missing;
        console.log(`      '${fault.name}' is skipped: ${missing}.`);
        return this.skip();
      }
      const random = new SeededRandom(SEED);
      const settings = { random, calls: callsEach, callsPerSecond: RATE, holdMs: HOLD_MS };
      const result = await runFault(fault, settings).catch((error: unknown) => {
        broken[fault.name] = String(error);
        throw error;
      });
      faults.push(result);
      judge(result, calmRun());
    }).timeout(PATIENCE * ((callsEach / RATE) * 1_000 + BESIDE_CALLS_MS));
  }

  it('keeps its event loop turning with 19,000 sessions', async () => {
    many = await manySessions();
    if (RESULTS_FILE !== undefined) expect(many.eventLoopMs).to.be.below(GOALS.eventLoopMs * TOLERANCE);
    expect(many.mainHeapBytes).to.be.below(GOALS.mainHeapBytes);
  }).timeout(PATIENCE * BESIDE_CALLS_MS);

  after(() => {
    if (RESULTS_FILE === undefined) return;
    const results: Results = {
      node: process.version,
      machine: machineText(),
      calls: CALLS,
      faults,
      skipped,
      broken,
      ...(many !== undefined && { manySessions: many }),
    };
    writeFileSync(RESULTS_FILE, `${JSON.stringify(results, undefined, 2)}\n`);
  });
});

function judge(result: FaultResult, calmRun: FaultResult | undefined): void {
  const { wrong, lost, twice, gaps, bystander, recoveryMs, stopMs } = result;
  const told = `seed ${SEED}: ${JSON.stringify(result, undefined, 2)}`;
  expect({ wrong, lost, twice, gaps }, told).to.deep.equal({ wrong: 0, lost: 0, twice: 0, gaps: 0 });
  expect(result.death, told).to.equal(undefined);
  expect(stopMs, told).to.be.a('number');
  expect(result.answered, told).to.be.above(0);
  expect(recoveryMs, told).to.be.a('number');
  expect(result.mainHeapBytes, told).to.be.below(GOALS.mainHeapBytes);
  if (!result.machine) expect(bystander.failures, told).to.deep.equal({});
  if (RESULTS_FILE === undefined) return;
  expect(recoveryMs, told).to.be.below(GOALS.recoveryMs * TOLERANCE);
  if (result.machine) return;
  const slow = calmRun?.bystander ?? { p99Ms: 0, maxMs: 0 };
  expect(bystander.p99Ms, told).to.be.below(Math.max(GOALS.bystanderP99Ms, slow.p99Ms) * TOLERANCE);
  expect(bystander.maxMs, told).to.be.below(Math.max(GOALS.bystanderMaxMs, slow.maxMs) * TOLERANCE);
}
