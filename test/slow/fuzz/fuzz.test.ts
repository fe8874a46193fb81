/**
 * The gateway under malformed and unexpected inputs. FUZZ_SEED repeats a run, FUZZ_INPUTS sets the number of inputs,
 * and FUZZ_ONLY sends one of them alone, or a range such as 200-250.
 */
import { randomInt } from 'node:crypto';
import { homedir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { afterThisTest } from '../../support/cleanup.js';
import { projectRoot } from '../../support/project.js';
import { describeFinding, type Finding, type FuzzReport, fuzz } from './fuzz-run.js';
import { GATEWAY_THREADS, type GatewayProcess, startGatewayProcess } from './gateway-process.js';
import { Bystander, TargetSessions } from './neighbours.js';

const INPUTS = 100_000;
/** One for each thread of the gateway: with more of them, inputs wait for threads, and most sessions are refused. */
const LANES = GATEWAY_THREADS;
const ANSWER_DEADLINE_MS = 5_000;
/** Calls of known sessions wait 45 s for a thread before they are refused. */
const THREAD_DEADLINE_MS = 50_000;
/** Of this many inputs, one may take longer than 5 s because no thread was free. */
const INPUTS_FOR_ONE_LATE = 100;
/** The bystander's calls wait behind those of all lanes, and for a thread if its session has slept. */
const BYSTANDER_DEADLINE_MS = 50_000;
const BYSTANDER_PAUSE_MS = 100;
const RENEWAL_PAUSE_MS = 300;
/** For twenty-four working threads and the main thread; a leak over 100,000 inputs would be far above it. */
const MOST_RESIDENT_BYTES = 1.5 * 1024 ** 3;
const RUN_DEADLINE_MS = 20 * 60_000;

const seed = Number(process.env.FUZZ_SEED ?? randomInt(2 ** 31));
const indices = chosenIndices(process.env.FUZZ_ONLY);

function chosenIndices(only: string | undefined): number[] {
  if (only === undefined)
    return Array.from({ length: Number(process.env.FUZZ_INPUTS ?? INPUTS) }, (_, index) => index);
  const [first = 0, last = first] = only.split('-').map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

describe('a fuzzed gateway', function () {
  this.timeout(RUN_DEADLINE_MS);

  it(`answers or closes each of ${indices.length} inputs of seed ${seed}, and harms nobody`, async () => {
    const gateway = await startGatewayProcess();
    // Inputs that stay silent end a round early. If they are answered when they are sent alone, the next round
    // continues from there.
    const rest = indices.values();
    let late = 0;
    for (let sent = 0; sent < indices.length; ) {
      const round = await run(gateway, rest, LANES);
      await judgeRound(gateway, round);
      sent += Object.values(round.report.inputs).reduce((sum, count) => sum + count, 0);
      late += round.report.late;
    }
    expect(late, 'inputs that were late').to.be.at.most(indices.length / INPUTS_FOR_ONE_LATE);
  });
});

interface Run {
  readonly report: FuzzReport;
  readonly mostResidentBytes: number;
  readonly bystander: {
    readonly calls: number;
    readonly slowestMs: number;
    readonly fault: string | undefined;
  };
}

async function judgeRound(gateway: GatewayProcess, round: Run): Promise<void> {
  const { report, mostResidentBytes, bystander } = round;
  const figures = JSON.stringify({
    inputs: report.inputs,
    outcomes: report.statuses,
    late: report.late,
    mostResidentMiB: Math.round(mostResidentBytes / 1024 ** 2),
    bystanderCalls: bystander.calls,
    bystanderSlowestMs: Math.round(bystander.slowestMs),
  });
  console.log(`    seed ${seed}: ${figures}`);
  await expectAlive(gateway, report);
  const findings = await lasting(gateway, report.findings);
  if (findings.length > 0) expect.fail(findings.map(describeFinding).join('\n'));
  await expectAlive(gateway, report);
  expect(bystander.calls).to.be.above(0);
  expect(bystander.fault, figures).to.equal(undefined);
  expect(mostResidentBytes, figures).to.be.below(MOST_RESIDENT_BYTES);
}

async function expectAlive(gateway: GatewayProcess, report: FuzzReport): Promise<void> {
  const end = gateway.ended();
  if (end !== undefined) expect.fail(await whatEndedIt(end, gateway.log(), report));
}

async function run(gateway: GatewayProcess, chosen: Iterable<number>, lanes: number): Promise<Run> {
  const bystander = new Bystander(gateway.mcp);
  const sessions = new TargetSessions(gateway.mcp);
  afterThisTest(() => {
    bystander.close();
    sessions.close();
  });
  await bystander.open();
  await sessions.renew();
  let over = false;
  let mostResidentBytes = 0;
  let fault: string | undefined;
  const gone = () => gateway.ended() !== undefined;
  const repeat = async (pauseMs: number, act: () => Promise<void>): Promise<void> => {
    while (!over && !gone()) {
      await act();
      await delay(pauseMs);
    }
  };
  const beside = [
    repeat(BYSTANDER_PAUSE_MS, async () => {
      mostResidentBytes = Math.max(mostResidentBytes, gateway.residentBytes() ?? 0);
      await bystander.call(BYSTANDER_DEADLINE_MS).catch((error: Error) => {
        if (!gone()) fault ??= error.message;
      });
    }),
    // The inputs use up the sessions and end some, so one may not be available at once; the next round tries again.
    repeat(RENEWAL_PAUSE_MS, () => sessions.renew().catch(() => undefined)),
  ];
  const report = await fuzz({
    addresses: { mcp: addressOf(gateway.mcp), admin: addressOf(gateway.admin) },
    seed,
    indices: chosen,
    lanes,
    deadlineMs: ANSWER_DEADLINE_MS,
    threadDeadlineMs: THREAD_DEADLINE_MS,
    secrets: { secret: bystander.secret, paths: [projectRoot, homedir()].filter((path) => path.length > 1) },
    surroundings: sessions,
    stopped: gone,
    seen: (body) => sessions.seen(body),
  });
  over = true;
  await Promise.all(beside);
  bystander.close();
  sessions.close();
  const { calls, slowestMs } = bystander;
  return { report, mostResidentBytes, bystander: { calls, slowestMs, fault } };
}

/**
 * Sends silent inputs again, one at a time. Those that are answered then were late, because the machine or another
 * input delayed them, and count among the late ones.
 */
async function lasting(gateway: GatewayProcess, findings: readonly Finding[]): Promise<readonly Finding[]> {
  const silent = findings.filter((finding) => finding.silent);
  if (silent.length === 0) return findings;
  const again = await run(
    gateway,
    silent.map(({ index }) => index),
    1,
  );
  return [...findings.filter((finding) => !finding.silent), ...again.report.findings];
}

/**
 * Sends the inputs that were in progress to new gateways, one by one: the one that ends its gateway again is the cause.
 */
async function whatEndedIt(end: string, log: string, { onTheWay }: FuzzReport): Promise<string> {
  const culprits: string[] = [];
  let gateway = await startGatewayProcess();
  for (const index of onTheWay) {
    await run(gateway, [index], 1);
    // The process may die after it has answered.
    await delay(200);
    if (gateway.ended() === undefined) continue;
    culprits.push(`FUZZ_SEED=${seed} FUZZ_ONLY=${index} npm run test:alone -- --grep fuzzed`);
    if (culprits.length === 3) break;
    gateway = await startGatewayProcess();
  }
  const alone = culprits.length > 0 ? culprits.join('\n') : 'none of them does it alone';
  return `The gateway ended with ${end}; ${onTheWay.length} inputs were on their way:\n${alone}\n${log.slice(-2_000)}`;
}

function addressOf({ hostname, port }: URL): { host: string; port: number } {
  return { host: hostname, port: Number(port) };
}
