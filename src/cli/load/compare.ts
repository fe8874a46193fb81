/** `bulkhead load compare`: two reports of `bulkhead load` side by side. */
import { compareReports, tooMuchWorse } from '../../../load/compare/comparison.js';
import { comparisonText, type NamedReport } from '../../../load/compare/comparison-text.js';
import { readReport } from '../../../load/compare/report-file.js';
import { optionError } from '../../config/option-error.js';
import { EXIT_FAILED, EXIT_OK } from '../failure.js';
import { printJson } from '../with-server.js';

export interface CompareRequest {
  /** The files, as they were written. */
  readonly a: string;
  readonly b: string;
  readonly json: boolean;
  /** Percent, as it was written. */
  readonly failAbove: string | undefined;
  readonly cwd: string;
}

/**
 * @returns the exit code: 0; with `--fail-above` 1, if the second report is worse by more than that, or if the runs did
 * different things
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for wrong arguments, and for files that are no reports of this format
 */
export function compareLoads(request: CompareRequest): number {
  const failAbove = percentOf(request.failAbove);
  const [a, b] = [request.a, request.b].map((file): NamedReport => {
    return { file, report: readReport(file, request.cwd) };
  }) as [NamedReport, NamedReport];
  const comparison = compareReports(a.report, b.report, failAbove);
  const { figures, differences } = comparison;
  const worse = failAbove === undefined ? [] : tooMuchWorse(comparison, failAbove);
  const isBlocked = failAbove !== undefined && differences.some(({ blocks }) => blocks);
  const passed = worse.length === 0 && !isBlocked;
  if (request.json) {
    const worseThanAllowed = worse.map(({ name }) => name);
    const judgement =
      failAbove === undefined ? null : { failAbovePercent: failAbove, worseThanAllowed, passed };
    printJson({ a: factsOf(a), b: factsOf(b), differences, figures, judgement });
  } else {
    process.stdout.write(`${comparisonText(a, b, comparison, failAbove)}\n`);
  }
  return passed ? EXIT_OK : EXIT_FAILED;
}

function factsOf({ file, report }: NamedReport) {
  const { startedAt, version, commandLine, server, machine, plan, passed } = report;
  return { file, startedAt, version, commandLine, server, machine, url: plan.url, passed };
}

function percentOf(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  const [, amount] = /^(\d{1,6}(?:\.\d+)?) ?%?$/.exec(written) ?? [];
  if (amount !== undefined) return Number(amount);
  throw optionError(`--fail-above is ${JSON.stringify(written)}, but must be a percentage such as 5%.`);
}
