/**
 * `npm run load:all`: puts Bulkhead under the loads that its clients make, one scenario after another, and says whether
 * it met the thresholds. Each scenario has its own gateway, as a child process. The reports are written to
 * `load/results/`. The exit code is 0 if all thresholds were met, 1 if one was missed, and 2 if a flag is wrong.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseDuration } from '../src/config/duration.js';
import { messageOf } from '../src/shared/errors.js';
import { VERSION } from '../src/version.js';
import { runScenario, type Verdict } from './runner/run-scenario.js';
import { overview, verdictText } from './runner/verdict-text.js';
import type { Scale, Scenario } from './scenario.js';
import { bothEras } from './scenarios/both-eras.js';
import { idleClients } from './scenarios/idle-clients.js';
import { noisyNeighbours } from './scenarios/noisy-neighbours.js';
import { restart } from './scenarios/restart.js';
import { slowReaders } from './scenarios/slow-readers.js';
import { soak } from './scenarios/soak.js';
import { startingBurst } from './scenarios/starting-burst.js';
import { vanishingClients } from './scenarios/vanishing-clients.js';

const SCENARIOS: readonly Scenario[] = [
  idleClients,
  startingBurst,
  noisyNeighbours,
  slowReaders,
  vanishingClients,
  bothEras,
  restart,
  soak,
];

const USAGE = `Usage: node dist/load/run-all.js [--only scenario]... [--quick] [--duration 10m] [--results folder]
--duration is the soak's: 60 s, or 30 s with --quick, unless it is given.
Scenarios:
${SCENARIOS.map(({ name, shows }) => `  ${name}: ${shows}`).join('\n')}`;

const SOAK_MS = 60_000;
const QUICK_SOAK_MS = 30_000;

interface Arguments {
  readonly scenarios: readonly Scenario[];
  readonly scale: Scale;
  readonly folder: string;
}

/** @throws {Error} with one sentence if an argument is wrong */
function parseArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      duration: { type: 'string' },
      results: { type: 'string', default: fileURLToPath(new URL('../../load/results', import.meta.url)) },
    },
  });
  const names = values.only?.flatMap((list) => list.split(','));
  const unknown = names?.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) throw new Error(`--only: there is no scenario "${unknown}".`);
  const soakMs = parseDuration(values.duration ?? (values.quick ? QUICK_SOAK_MS : SOAK_MS));
  if (soakMs === undefined || soakMs === 0) {
    throw new Error(`--duration: "${values.duration}" is no duration such as 60s or 10m.`);
  }
  return {
    scenarios: names === undefined ? SCENARIOS : SCENARIOS.filter(({ name }) => names.includes(name)),
    scale: { quick: values.quick, soakMs },
    folder: resolve(values.results),
  };
}

async function main({ scenarios, scale, folder }: Arguments): Promise<boolean> {
  mkdirSync(folder, { recursive: true });
  const startedAt = new Date().toISOString();
  const verdicts: Verdict[] = [];
  for (const scenario of scenarios) {
    process.stderr.write(`${scenario.name}: ${scenario.shows}\n`);
    const verdict = await runScenario(scenario, scale, folder);
    verdicts.push(verdict);
    process.stdout.write(`${verdictText(verdict)}\n`);
  }
  const machine = { platform: platform(), arch: arch(), cpus: cpus().length, memoryBytes: totalmem() };
  const about = { version: VERSION, node: process.version, machine, startedAt, scale };
  writeFileSync(join(folder, 'verdicts.json'), `${JSON.stringify({ ...about, verdicts }, undefined, 2)}\n`);
  process.stdout.write(`${overview(verdicts)}Reports: ${folder}\n`);
  return verdicts.every(({ passed }) => passed);
}

let parsed: Arguments;
try {
  parsed = parseArguments();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n${USAGE}\n`);
  process.exit(2);
}
process.exitCode = (await main(parsed)) ? 0 : 1;
