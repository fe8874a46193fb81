/** `bulkhead load` as a user runs it, and the report that it writes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MixEntry } from '../../load/load-plan.js';
import type { LoadReport, OperationReport } from '../../load/load-report.js';
import { type CliExit, type CliProcess, startCli } from './cli-process.js';
import { temporaryFolder } from './load-files.js';

export interface LoadOutcome extends CliExit {
  readonly report: LoadReport;
  /** The thresholds that were missed, with the measured values, and the failed checks if there are any. */
  readonly missed: readonly string[];
}

export interface StartedLoad extends CliProcess {
  /** Waits for the end of the run. @throws {Error} when it wrote no report */
  outcome(): Promise<LoadOutcome>;
}

/** Echoes the session's token, so that an answer of another session shows. */
export const echoMix: readonly MixEntry[] = [
  { tool: 'echo', arguments: { text: '{{session}} {{n}}' }, weight: 1 },
];

/** @returns the path of a mix file. */
export function mixFile(mix: readonly MixEntry[] | string): string {
  const file = join(temporaryFolder(), 'mix.json');
  writeFileSync(file, typeof mix === 'string' ? mix : JSON.stringify(mix));
  return file;
}

/**
 * @param flags as on a command line, separated by spaces; values that contain spaces are passed as further arguments
 */
export function startLoad(url: string | URL, flags = '', ...more: readonly string[]): StartedLoad {
  const out = join(temporaryFolder(), 'report.json');
  const written = flags.split(' ').filter((flag) => flag !== '');
  const cli = startCli(['load', String(url), ...written, ...more, '--out', out]);
  const outcome = async (): Promise<LoadOutcome> => {
    const exit = await cli.exited();
    try {
      const report = JSON.parse(readFileSync(out, 'utf8')) as LoadReport;
      return { ...exit, report, missed: missedIn(report) };
    } catch (cause) {
      throw new Error(`No report was written: ${JSON.stringify(exit)}`, { cause });
    }
  };
  return { ...cli, outcome };
}

function missedIn({ expectations, errorSamples, metrics }: LoadReport): string[] {
  const missed = expectations.filter(({ met }) => !met).map(({ text, measured }) => `${text}: ${measured}`);
  if (missed.length === 0) return [];
  const checks = metrics?.checks.filter(({ agrees }) => !agrees) ?? [];
  return [...missed, ...[...errorSamples, ...checks].map((detail) => JSON.stringify(detail))];
}

/** Runs a load to its end. */
export function load(url: string | URL, flags = '', ...more: readonly string[]): Promise<LoadOutcome> {
  return startLoad(url, flags, ...more).outcome();
}

/** The report's row of a method, or of a tool if one is named. */
export function operation(report: LoadReport, method: string, tool: string | null = null): OperationReport {
  const found = report.operations.find((row) => row.method === method && row.tool === tool);
  if (found === undefined) throw new Error(`No ${method} ${tool} in ${JSON.stringify(report.operations)}`);
  return found;
}
