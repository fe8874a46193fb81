/**
 * `npm run bench:peers`: Bulkhead and what else a server author could take, one after another on this machine. Each
 * measurement starts its peer anew and ends all of its processes. What a peer can't do stands in its cell and does
 * not end the run. Linux only: memory and processes are read from /proc.
 */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineText, rewriteDocument } from '../markdown.js';
import { parsedOrExit } from '../parsed-or-exit.js';
import { type Drawn, writeCharts } from './charts.js';
import { install, versionOf } from './installation.js';
import { PEERS, type Peer } from './peers.js';
import type { PeerRow, PeerSettings, Reading } from './reading.js';
import { type Comparison, comparisonTable, type Line, withPeersSection } from './report.js';
import { crash } from './rows/crash.js';
import { deleted, vanished } from './rows/endings.js';
import { latency, sessionCreation, throughput8, throughput64 } from './rows/loads.js';
import { manySessions } from './rows/many-sessions.js';
import { memory } from './rows/memory.js';
import { neighbour } from './rows/neighbour.js';
import { outOfMemory } from './rows/out-of-memory.js';

const ROWS: readonly PeerRow[] = [
  sessionCreation,
  throughput8,
  throughput64,
  latency,
  memory,
  neighbour,
  crash,
  outOfMemory,
  deleted,
  vanished,
  manySessions,
];

const DOCUMENT = 'docs/benchmarks.md';
/** Beside the document. */
const CHARTS_FOLDER = 'benchmarks';
const DRAWN: Drawn = new Map(
  (
    [
      [sessionCreation, 0, 'session-creation'],
      [throughput8, 0, 'throughput-8'],
      [throughput64, 0, 'throughput-64'],
      [memory, 2, 'memory'],
      [neighbour, 1, 'neighbour'],
      [manySessions, 0, 'many-sessions'],
    ] as const
  ).map(([row, measure, name]) => [row.measures[measure]?.name ?? '', name]),
);

const USAGE = `Usage: node dist/bench/peers/run.js [--only peer]... [--rows row]... [--quick] [--markdown file]
Peers: ${PEERS.map(({ name }) => name).join(', ')}
Rows: ${ROWS.map(({ name }) => name).join(', ')}
--markdown is ${DOCUMENT} for a whole run, and none for a part of one or a quick one.`;

interface Arguments {
  readonly peers: readonly Peer[];
  readonly rows: readonly PeerRow[];
  readonly settings: PeerSettings;
  readonly markdownFile: string | undefined;
}

function chosen<Named extends { readonly name: string }>(
  flag: string,
  all: readonly Named[],
  lists: readonly string[] | undefined,
): readonly Named[] {
  const names = lists?.flatMap((list) => list.split(','));
  const unknown = names?.find((name) => !all.some((each) => each.name === name));
  if (unknown !== undefined) throw new Error(`--${flag}: there is no "${unknown}".`);
  return names === undefined ? all : all.filter(({ name }) => names.includes(name));
}

/** @throws {Error} with one sentence when an argument is wrong. */
function parseArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      rows: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      markdown: { type: 'string' },
    },
  });
  if (!existsSync('/proc/self/smaps_rollup')) throw new Error('The comparison needs /proc of Linux.');
  const isWhole = values.only === undefined && values.rows === undefined && !values.quick;
  return {
    peers: chosen('only', PEERS, values.only),
    rows: chosen('rows', ROWS, values.rows),
    settings: {
      quick: values.quick,
      progress: (message) => process.stderr.write(`${message}\n`),
    },
    markdownFile: values.markdown ?? (isWhole ? DOCUMENT : undefined),
  };
}

async function readings(row: PeerRow, peer: Peer, settings: PeerSettings): Promise<readonly Reading[]> {
  settings.progress(`${row.name}: ${peer.name}`);
  try {
    return await row.read(peer, settings);
  } catch (error) {
    const note = `failed: ${error instanceof Error ? error.message : String(error)}`;
    settings.progress(note);
    return row.measures.map(() => ({ note: note.slice(0, 120) }));
  }
}

async function compare({ peers, rows, settings }: Arguments): Promise<Comparison> {
  const lines: Line[] = [];
  for (const row of rows) {
    const byPeer: (readonly Reading[])[] = [];
    for (const peer of peers) byPeer.push(await readings(row, peer, settings));
    lines.push(
      ...row.measures.map((measure, index) => ({
        measure,
        readings: byPeer.map((of) => of[index] ?? {}),
      })),
    );
  }
  const columns = peers.map((peer) => ({ name: peer.name, version: versionOf(peer), setUp: peer.setUp }));
  return { columns, lines };
}

async function main(parsed: Arguments): Promise<void> {
  const { settings, markdownFile } = parsed;
  await install(settings.progress);
  const comparison = await compare(parsed);
  process.stdout.write(`\n${machineText()}.\n\n${comparisonTable(comparison)}\n`);
  if (markdownFile === undefined) return;
  const charts = writeCharts(comparison, DRAWN, join(dirname(markdownFile), CHARTS_FOLDER));
  rewriteDocument(markdownFile, (document) =>
    withPeersSection(document, comparison, charts, CHARTS_FOLDER, settings),
  );
}

await main(parsedOrExit(parseArguments, USAGE));
