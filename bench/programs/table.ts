/** The table of the real servers as Markdown, and what stands below it. */
import { alignedTable, numberText } from '../markdown.js';
import { WAYS } from './conversation-check.js';
import type { MeasuredProgram, Refused, Served } from './measured-program.js';
import type { Difference } from './transcript.js';

const HEADINGS = [
  'server',
  'version',
  'in a',
  'directly',
  'cold',
  'with a spare',
  'from learned lists',
  'memory',
  'same answers',
] as const;

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}

function count(found: readonly Difference[]): string {
  return found.length === 1 ? '1 difference' : `${found.length} differences`;
}

/** Whether all gave the same, and otherwise which differed. */
function answersText({ differences }: Served): string {
  const different = [...differences].filter(([, found]) => found.length > 0);
  if (different.length === 0) return 'yes';
  return different.map(([compared, found]) => `${compared}: ${count(found)}`).join(', ');
}

function cells({ program, version, direct }: MeasuredProgram, on: Served | Refused): string[] {
  const head = [
    program.name,
    version,
    on.isolation,
    `${numberText(direct.initializeMs)} ms, ${numberText(direct.mib)} MiB`,
  ];
  if ('reason' in on) return [...head, '-', '-', '-', '-', `not served: ${escaped(on.reason)}`];
  const ms = WAYS.map((way) => `${numberText(on.initializeMs[way])} ms`);
  return [...head, ...ms, `${numberText(on.mib)} MiB`, answersText(on)];
}

export function programTable(programs: readonly MeasuredProgram[]): string {
  return alignedTable(
    HEADINGS,
    programs.flatMap((program) => program.isolations.map((on) => cells(program, on))),
  );
}

/** One item for each program of which something is to be said. */
export function programNotes(programs: readonly MeasuredProgram[]): string[] {
  return programs.flatMap(({ program, unsteady }) => {
    const whats = program.script('').volatiles.map(({ what }) => what);
    const notes = [
      ...(program.note === '' ? [] : [program.note]),
      ...(whats.length === 0 ? [] : [`not compared: ${whats.join(', ')}`]),
      ...(unsteady.length === 0 ? [] : [`two direct conversations have ${count(unsteady)}`]),
    ];
    return notes.length === 0 ? [] : [`- ${program.name}: ${notes.join('; ')}.`];
  });
}

/** Each difference, short enough for a terminal. */
export function differenceLines(programs: readonly MeasuredProgram[]): string[] {
  return programs.flatMap(({ program, isolations }) =>
    isolations.flatMap((on) =>
      'reason' in on
        ? []
        : [...on.differences].flatMap(([way, found]) =>
            found.map(
              ({ where, expected, actual }) =>
                `${program.name}, ${on.isolation}, ${way}, ${where}:\n  directly: ${expected.slice(0, 300)}\n  gateway:  ${actual.slice(0, 300)}`,
            ),
          ),
    ),
  );
}
