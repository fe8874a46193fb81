/**
 * `npm run bench`: Bulkhead side by side with the SDK's own transport in one thread. This process is the client;
 * each server is a process of its own that runs alone while it is measured. Goals that are missed are shown, not
 * punished: the exit code is 0 unless a server answered wrong or failed.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { BenchSettings, Figure, Row } from './figure.js';
import { machine, table, withSection } from './report.js';
import { kill } from './rows/kill.js';
import { latency, loadedLatency } from './rows/latency.js';
import { learnedLists } from './rows/learned-lists.js';
import { mainThread } from './rows/main-thread.js';
import { manySessions } from './rows/many-sessions.js';
import { memory } from './rows/memory.js';
import { neighbour } from './rows/neighbour.js';
import { sessionCreation } from './rows/session-creation.js';
import { sleepCycles } from './rows/sleep-cycles.js';
import { threadStart } from './rows/thread-start.js';
import { coldEcho64, echo8, echo8Single, echo64 } from './rows/throughput.js';
import { initialize, wake } from './rows/waking.js';

const ROWS: readonly Row[] = [
  echo8,
  echo8Single,
  echo64,
  coldEcho64,
  latency,
  loadedLatency,
  initialize,
  wake,
  sessionCreation,
  manySessions,
  learnedLists,
  sleepCycles,
  neighbour,
  threadStart,
  memory,
  kill,
  mainThread,
];

const USAGE = `Usage: node dist/bench/run.js [--only row]... [--quick] [--rounds n] [--markdown file]
Rows: ${ROWS.map(({ name }) => name).join(', ')}`;

interface Arguments {
  readonly rows: readonly Row[];
  readonly settings: BenchSettings;
  readonly markdownFile: string | undefined;
}

/** @throws {Error} with one sentence when an argument is wrong. */
function parseArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      markdown: { type: 'string' },
    },
  });
  const names = values.only?.flatMap((list) => list.split(','));
  const unknown = names?.find((name) => !ROWS.some((row) => row.name === name));
  if (unknown !== undefined) throw new Error(`--only: there is no row "${unknown}".`);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds: "${values.rounds}" is no count.`);
  return {
    rows: names === undefined ? ROWS : ROWS.filter(({ name }) => names.includes(name)),
    settings: {
      rounds,
      quick: values.quick,
      progress: (message) => process.stderr.write(`${message}\n`),
    },
    markdownFile: values.markdown,
  };
}

async function main({ rows, settings, markdownFile }: Arguments): Promise<void> {
  const figures: Figure[] = [];
  for (const row of rows) figures.push(...(await row.run(settings)));
  process.stdout.write(`\n${machine(settings)}\n\n${table(figures)}\n`);
  if (markdownFile !== undefined) {
    const document = existsSync(markdownFile) ? readFileSync(markdownFile, 'utf8') : '';
    writeFileSync(markdownFile, withSection(document, figures, settings));
  }
}

let parsed: Arguments;
try {
  parsed = parseArguments();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
  process.exit(2);
}
await main(parsed);
