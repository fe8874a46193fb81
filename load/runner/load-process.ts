/** One run of `bulkhead load` as a child process, and the report that it writes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adopt } from '../../bench/servers/child.js';
import type { LoadReport } from '../load-report.js';
import type { LoadRun } from '../scenario.js';
import { COMMAND, childEnvironment } from './command.js';
import type { RunningGateway } from './running-gateway.js';

/** Additional time for opening the sessions, for the last answers, and for ending all of them. */
const BEYOND_DURATION_MS = 90_000;
const SHOWN_CHARACTERS = 2_000;

export interface LoadProcessOptions {
  readonly gateway: RunningGateway;
  readonly run: LoadRun;
  /** Where the files of the report are written, `<prefix>.json` and so on. */
  readonly prefix: string;
  readonly watchesProcess: boolean;
  readonly readsMetrics: boolean;
}

/** @throws {Error} if the run wrote no report */
export async function runLoadProcess(options: LoadProcessOptions): Promise<LoadReport> {
  const { gateway, run, prefix, watchesProcess, readsMetrics } = options;
  const files = { mix: `${prefix}.mix.json`, out: `${prefix}.json`, report: `${prefix}.html` };
  // A report of an earlier run must not be taken for this one's.
  await Promise.all([files.out, files.report].map((file) => rm(file, { force: true })));
  await writeFile(files.mix, `${JSON.stringify(run.mix)}\n`);
  const args = [COMMAND, 'load', gateway.url, '--duration', `${run.durationMs}ms`, ...run.flags];
  for (const [flag, file] of Object.entries(files)) args.push(`--${flag}`, file);
  for (const threshold of run.expect) args.push('--expect', threshold);
  if (watchesProcess) args.push('--pid', String(gateway.pid));
  if (readsMetrics) args.push('--metrics', gateway.metricsUrl);
  const output = await outputOf(args, run.durationMs + BEYOND_DURATION_MS);
  await writeFile(`${prefix}.txt`, output);
  try {
    return JSON.parse(await readFile(files.out, 'utf8')) as LoadReport;
  } catch (error) {
    throw new Error(`The run ${run.name} wrote no report: ${output.slice(-SHOWN_CHARACTERS)}`, {
      cause: error,
    });
  }
}

/** What it printed on both streams, when it has ended or was killed at its deadline. */
async function outputOf(args: readonly string[], deadlineMs: number): Promise<string> {
  const child = adopt(
    spawn(process.execPath, args, { env: childEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const deadline = setTimeout(() => {
    output += `\nIt did not end within ${deadlineMs} ms and was killed.\n`;
    child.kill('SIGKILL');
  }, deadlineMs);
  await once(child, 'close');
  clearTimeout(deadline);
  return output;
}

/** `<folder>/<scenario>-<run>` */
export function reportPrefix(folder: string, scenario: string, run: string): string {
  return join(folder, `${scenario}-${run}`);
}
