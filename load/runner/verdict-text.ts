/** Verdicts as text for people. */
import type { Judgement } from '../load-report.js';
import type { Verdict } from './run-scenario.js';

/** Everything about one scenario, with a line for each threshold. */
export function verdictText({ scenario, passed, durationMs, runs, checks, failure }: Verdict): string {
  const lines = [`${scenario}: ${passed ? 'passed' : 'FAILED'} after ${(durationMs / 1_000).toFixed(0)} s`];
  for (const { run, errors, limitedBy, expectations } of runs) {
    const kinds = Object.entries(errors).map(([kind, count]) => `${count} × ${kind}`);
    lines.push(`  ${run}: ${kinds.length === 0 ? 'no errors' : kinds.join(', ')}`);
    lines.push(...expectations.map(expectationLine));
    if (limitedBy !== null) lines.push(`    ${limitedBy}`);
  }
  if (checks.length > 0) lines.push('  all of it:', ...checks.map(expectationLine));
  if (failure !== null) lines.push(`  could not be run to its end: ${failure}`);
  return `${lines.join('\n')}\n`;
}

function expectationLine({ text, measured, met }: Judgement): string {
  return `    ${met ? 'met   ' : 'MISSED'}  ${text}: ${measured}`;
}

/** One line for each scenario. */
export function overview(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ scenario, passed, durationMs }) => {
    const seconds = `${(durationMs / 1_000).toFixed(0)} s`.padStart(6);
    return `${passed ? 'passed' : 'FAILED'} ${seconds}  ${scenario}`;
  });
  return `${lines.join('\n')}\n`;
}
