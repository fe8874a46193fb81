/**
 * `npm run bench:servers`: real MCP servers in pinned versions, run directly and in sessions of the gateway, one after
 * another. It writes the table of docs/servers.md. Linux only: memory and processes are read from /proc.
 */

import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { BenchSettings } from '../figure.js';
import { machineText, writeSection } from '../markdown.js';
import { parsedOrExit } from '../parsed-or-exit.js';
import { type MeasuredProgram, measureProgram } from './measured-program.js';
import { install, PROGRAMS, type Program } from './programs.js';
import { differenceLines, programNotes, programTable } from './table.js';

const DOCUMENT = 'docs/servers.md';
const SECTION = 'real servers';

const USAGE = `Usage: node dist/bench/programs/run.js [--only server]... [--rounds n] [--markdown file]
Servers: ${PROGRAMS.map(({ name }) => name).join(', ')}
--markdown is ${DOCUMENT} for a whole run, and none for a part of one.`;

interface Arguments {
  readonly programs: readonly Program[];
  readonly settings: BenchSettings;
  readonly markdownFile: string | undefined;
}

/** @throws {Error} with one sentence when an argument is wrong. */
function parseArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      rounds: { type: 'string', default: '7' },
      markdown: { type: 'string' },
    },
  });
  if (!existsSync('/proc/self/smaps_rollup')) throw new Error('The table needs /proc of Linux.');
  const names = values.only?.flatMap((list) => list.split(','));
  const unknown = names?.find((name) => !PROGRAMS.some((program) => program.name === name));
  if (unknown !== undefined) throw new Error(`--only: there is no server "${unknown}".`);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds: "${values.rounds}" is no count.`);
  return {
    programs: names === undefined ? PROGRAMS : PROGRAMS.filter(({ name }) => names.includes(name)),
    settings: { rounds, quick: false, progress: (message) => process.stderr.write(`${message}\n`) },
    markdownFile: values.markdown ?? (names === undefined ? DOCUMENT : undefined),
  };
}

function sectionOf(measured: readonly MeasuredProgram[], { rounds }: BenchSettings): string {
  return [
    `${machineText()}. Medians of ${rounds}. \`npm run bench:servers\` measures it again and writes this table.`,
    programTable(measured),
    programNotes(measured).join('\n'),
  ].join('\n\n');
}

async function main({ programs, settings, markdownFile }: Arguments): Promise<void> {
  await install(settings.progress);
  const measured: MeasuredProgram[] = [];
  for (const program of programs) measured.push(await measureProgram(program, settings));
  const section = sectionOf(measured, settings);
  process.stdout.write(`\n${section}\n\n${differenceLines(measured).join('\n')}\n`);
  if (markdownFile !== undefined) writeSection(markdownFile, SECTION, section);
}

await main(parsedOrExit(parseArguments, USAGE));
