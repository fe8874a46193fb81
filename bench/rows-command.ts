/** The command line of a bench that consists of rows of figures. */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { BenchSettings, Figure, Row } from './figure.js';
import { rewriteDocument } from './markdown.js';
import { parsedOrExit } from './parsed-or-exit.js';
import { machine, table, withSection } from './report.js';

interface Arguments {
  readonly rows: readonly Row[];
  readonly settings: BenchSettings;
  readonly markdownFile: string | undefined;
  readonly jsonFile: string | undefined;
}

/** @throws {Error} with one sentence when an argument is wrong. */
function parseArguments(all: readonly Row[]): Arguments {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      markdown: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const names = values.only?.flatMap((list) => list.split(','));
  const unknown = names?.find((name) => !all.some((row) => row.name === name));
  if (unknown !== undefined) throw new Error(`--only: there is no row "${unknown}".`);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds: "${values.rounds}" is no count.`);
  return {
    rows: names === undefined ? all : all.filter(({ name }) => names.includes(name)),
    settings: {
      rounds,
      quick: values.quick,
      progress: (message) => process.stderr.write(`${message}\n`),
    },
    markdownFile: values.markdown,
    jsonFile: values.json,
  };
}

async function measure({ rows, settings, markdownFile, jsonFile }: Arguments, kind: string, heading: string) {
  const figures: Figure[] = [];
  for (const row of rows) figures.push(...(await row.run(settings)));
  process.stdout.write(`\n${machine(settings)}\n\n${table(figures)}\n`);
  if (jsonFile !== undefined) {
    writeFileSync(jsonFile, `${JSON.stringify({ machine: machine(settings), figures }, undefined, 2)}\n`);
  }
  if (markdownFile === undefined) return;
  rewriteDocument(markdownFile, (document) => withSection(document, figures, settings, kind, heading));
}

/**
 * Runs the rows that the command line names. The exit code is 1 if a server failed or gave a wrong answer, and 2 if an argument is
 * wrong. Missed goals are shown, and do not change it.
 * @param command the file that is run, for the usage
 * @param kind names the section of a document, of which each major version of Node has its own
 * @param heading of that section, before the version of Node
 */
export async function runRows(
  rows: readonly Row[],
  { command, kind, heading }: { readonly command: string; readonly kind: string; readonly heading: string },
): Promise<void> {
  const usage = `Usage: node ${command} [--only row]... [--quick] [--rounds n] [--markdown file] [--json file]
Rows: ${rows.map(({ name }) => name).join(', ')}`;
  const parsed = parsedOrExit(() => parseArguments(rows), usage);
  await measure(parsed, kind, heading);
}
