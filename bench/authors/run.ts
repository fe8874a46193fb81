/**
 * `npm run bench:authors`: what an author meets in the first hour, here, with fastmcp and with both SDKs, in one run:
 * the first steps, saving, and five mistakes. It writes the tables of docs/comparison.md. npm's cache is filled first,
 * so that the network is not measured.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machineText, writeSection } from '../markdown.js';
import { parsedOrExit } from '../parsed-or-exit.js';
import { withTemporaryFolder } from '../peers/temporary-folder.js';
import { type FirstSteps, firstSteps, makeProject } from './first-steps.js';
import { type Live, saveToLive } from './live.js';
import { MISTAKES, make, type Shown, show } from './mistakes.js';
import { type Measured, reportOf } from './report.js';
import { whileServed } from './served.js';
import { runWell } from './shell.js';
import { type Way, waysOf } from './ways.js';

const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));
const DOCUMENT = 'docs/comparison.md';
const SECTION = 'measured';
const USAGE = `Usage: node dist/bench/authors/run.js [--only way]... [--rounds n] [--markdown file]
--markdown is ${DOCUMENT} for a whole run, and none for a part of one.`;

function parseArguments() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      rounds: { type: 'string', default: '3' },
      markdown: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds: "${values.rounds}" is no count.`);
  const unknown = values.only?.find((name) => !waysOf('').some((way) => way.name === name));
  if (unknown !== undefined) throw new Error(`--only: there is no way "${unknown}".`);
  return {
    only: values.only,
    rounds,
    markdown: values.markdown ?? (values.only === undefined ? DOCUMENT : undefined),
  };
}

const progress = (message: string): boolean => process.stderr.write(`${message}\n`);

async function pack(folder: string): Promise<string> {
  const { output } = await runWell(
    ['npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder],
    { cwd: PACKAGE, deadlineMs: 120_000 },
  );
  return join(folder, output.trim().split('\n').at(-1) ?? '');
}

async function measure(way: Way, folder: string, rounds: number): Promise<Measured> {
  const steps: FirstSteps[] = [];
  // The first fills npm's cache.
  for (let round = 0; round <= rounds; round += 1) {
    progress(`${way.name}: first steps, ${round} of ${rounds}`);
    const empty = join(folder, `steps-${round}`);
    mkdirSync(empty);
    const taken = await firstSteps(way, empty);
    if (round > 0) steps.push(taken);
  }
  const project = join(folder, 'project');
  await makeProject(way, project);
  progress(`${way.name}: saving`);
  const live: Live[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    // `node --watch` may miss a second save that replaces the file, so each is the first one of a server.
    live.push(await whileServed(way, project, (served) => saveToLive(served, project, round)));
  }
  const shown: Shown[] = [];
  for (const mistake of MISTAKES) {
    progress(`${way.name}: ${mistake.name}`);
    make(mistake, project);
    shown.push(await whileServed(way, project, (served) => show(mistake, served, project)));
  }
  return { way, steps, live, shown };
}

async function main({ only, rounds, markdown }: ReturnType<typeof parseArguments>): Promise<void> {
  const measured = await withTemporaryFolder(async (folder) => {
    const ways = waysOf(await pack(folder)).filter(({ name }) => only?.includes(name) ?? true);
    const results: Measured[] = [];
    for (const way of ways) {
      const own = join(folder, String(results.length));
      mkdirSync(own);
      results.push(await measure(way, own, rounds));
    }
    return results;
  });
  const section = `${machineText()}. Medians of ${rounds}. \`npm run bench:authors\` measures it again and writes these tables.\n\n${reportOf(measured)}`;
  process.stdout.write(`\n${section}\n`);
  if (markdown !== undefined) writeSection(markdown, SECTION, section);
}

await main(parsedOrExit(parseArguments, USAGE));
