/** The rows of the table of operations, the same in the summary and on the HTML page. */
import { printable } from '../../src/telemetry/log/log-text.js';
import type { Latency, LoadReport } from '../load-report.js';
import { totalErrors } from './expectation-figures.js';
import { formatCount, formatLatency, formatNumber, NOTHING } from './figure-format.js';

export const OPERATION_COLUMNS = [
  'operation',
  'answered',
  '/s',
  'errors',
  'p50',
  'p90',
  'p99',
  'p99.9',
  'max',
] as const;

export interface OperationRow {
  readonly label: string;
  /** Whether it is a part of the nearest row above it that is not a part itself. */
  readonly isPart: boolean;
  /** The text of the columns after the first. */
  readonly cells: readonly string[];
}

/** All tool calls, then each tool, then the other methods, then what opening a session took. */
export function operationRows(report: LoadReport): OperationRow[] {
  const tools = report.operations.filter(({ tool }) => tool !== null);
  const methods = report.operations.filter(({ tool }) => tool === null);
  const toolErrors = tools.reduce((sum, { errors }) => sum + totalErrors(errors), 0);
  return [
    row('tools/call', report.answered, report.perSecond, toolErrors, report.latency),
    ...tools.map(({ tool, answered, perSecond, errors, latency }) => ({
      ...row(tool ?? '', answered, perSecond, totalErrors(errors), latency),
      isPart: true,
    })),
    ...methods.map(({ method, answered, perSecond, errors, latency }) =>
      row(method, answered, perSecond, totalErrors(errors), latency),
    ),
    row('session creation', report.sessionCreation.count, null, null, report.sessionCreation),
    row('first call', report.firstCall.count, null, null, report.firstCall),
  ];
}

function row(
  label: string,
  answered: number,
  perSecond: number | null,
  errors: number | null,
  latency: Latency,
): OperationRow {
  return {
    label: printable(label),
    isPart: false,
    cells: [
      formatCount(answered),
      formatNumber(perSecond),
      errors === null ? NOTHING : formatCount(errors),
      ...[latency.p50Ms, latency.p90Ms, latency.p99Ms, latency.p999Ms, latency.maxMs].map((ms) =>
        formatLatency(ms),
      ),
    ],
  };
}
