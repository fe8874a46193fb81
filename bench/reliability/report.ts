/** The tables of docs/reliability.md. */
import { alignedTable, numberText, withNamedSection } from '../markdown.js';
import { type FaultResult, GOALS, type Results } from './results.js';

const MEBIBYTE = 2 ** 20;
const NOT_WITHIN = 'never';

/** The document with this run's figures in the section of its Node's major version. */
export function withResults(document: string, results: Results): string {
  const major = results.node.replace(/^v(\d+).*/, '$1');
  return withNamedSection(document, `reliability: node ${major}`, sectionOf(results, major));
}

function sectionOf(results: Results, major: string): string {
  const { faults } = results;
  const requests = faults.reduce((sum, fault) => sum + fault.requests, 0);
  return [
    `## Node ${major}`,
    `${results.machine}. ${numberText(requests)} requests over all faults.`,
    alignedTable(
      ['fault', 'what it is', 'what clients see'],
      faults.map(({ name, what, effect }) => [`\`${name}\``, what, effect]),
    ),
    '### Answers',
    alignedTable(
      [
        'fault',
        'requests',
        'answered',
        'errors',
        'connection closed',
        'resumed',
        'wrong',
        'lost',
        'twice',
        'gaps',
        'process',
      ],
      faults.map(answerCells),
    ),
    '### The bystander, recovery and the main thread',
    alignedTable(
      [
        'fault',
        'bystander p50',
        'p99',
        'max',
        'refused',
        'full service after',
        'SIGTERM to gone',
        'main heap',
        'event loop max',
      ],
      faults.map(timeCells),
    ),
    goalsText(results),
    ...listOf('Not run here', results.skipped),
    ...listOf('No figures', results.broken),
  ].join('\n\n');
}

function answerCells(fault: FaultResult): string[] {
  const { requests, answered, errors, closed, resumes, wrong, lost, twice, gaps, death } = fault;
  const failed = Object.values(errors).reduce((sum, times) => sum + times, 0);
  const figures = [requests, answered, failed, closed, resumes, wrong, lost, twice, gaps].map(numberText);
  return [`\`${fault.name}\``, ...figures, death === undefined ? 'alive' : 'DIED'];
}

function timeCells(fault: FaultResult): string[] {
  const { bystander, recoveryMs, stopMs } = fault;
  const refused = Object.values(bystander.failures).reduce((sum, times) => sum + times, 0);
  return [
    `\`${fault.name}\`${fault.machine ? ' ¹' : ''}`,
    milliseconds(bystander.p50Ms),
    missed(bystander.p99Ms, fault.machine ? undefined : GOALS.bystanderP99Ms),
    missed(bystander.maxMs, fault.machine ? undefined : GOALS.bystanderMaxMs),
    numberText(refused),
    recoveryMs === undefined ? NOT_WITHIN : missed(recoveryMs, GOALS.recoveryMs),
    stopMs === undefined ? NOT_WITHIN : milliseconds(stopMs),
    `${numberText(fault.mainHeapBytes / MEBIBYTE)} MiB`,
    milliseconds(fault.eventLoopMs),
  ];
}

function goalsText({ manySessions }: Results): string {
  const many =
    manySessions === undefined
      ? 'The row of many sessions did not run.'
      : `With ${numberText(manySessions.sessions)} sleeping sessions, while they are opened, one of them calls and both ` +
        `\`/metrics\` and \`/sessions\` are read: event loop max ${missed(manySessions.eventLoopMs, GOALS.eventLoopMs)}, ` +
        `main heap ${numberText(manySessions.mainHeapBytes / MEBIBYTE)} MiB, ` +
        `resident memory ${numberText(manySessions.residentBytes / MEBIBYTE)} MiB.`;
  return (
    `Goals: nothing wrong, lost, twice or with a gap, no death; the bystander's p99 at most ${GOALS.bystanderP99Ms} ms and ` +
    `its max at most ${numberText(GOALS.bystanderMaxMs)} ms; full service within ${numberText(GOALS.recoveryMs)} ms; the main ` +
    `thread's heap below 1 GiB; the event loop at most ${GOALS.eventLoopMs} ms late with 19,000 sessions. A figure that misses ` +
    `its goal is in bold.\n\n¹ This fault takes away what a bystander needs as well, so the goals for the bystander do not apply.\n\n${many}`
  );
}

function missed(ms: number, goalMs: number | undefined): string {
  const text = milliseconds(ms);
  return goalMs !== undefined && ms > goalMs ? `**${text}**` : text;
}

function milliseconds(ms: number): string {
  return `${numberText(ms)} ms`;
}

function listOf(title: string, reasons: Readonly<Record<string, string>>): string[] {
  const lines = Object.entries(reasons).map(([name, reason]) => `- \`${name}\`: ${reason}`);
  return lines.length === 0 ? [] : [`${title}:`, lines.join('\n')];
}
