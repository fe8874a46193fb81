/** The tables of docs/comparison.md. */
import { alignedTable, numberText } from '../markdown.js';
import { median } from '../statistics.js';
import type { FirstSteps } from './first-steps.js';
import type { Live } from './live.js';
import { MISTAKES, type Shown } from './mistakes.js';
import type { Way } from './ways.js';

/** As much of a terminal as a reader looks at. */
const MAX_LINES = 14;
const MAX_COLUMNS = 160;

export interface Measured {
  readonly way: Way;
  readonly steps: readonly FirstSteps[];
  readonly live: readonly Live[];
  readonly shown: readonly Shown[];
}

export function reportOf(measured: readonly Measured[]): string {
  return [
    stepsTable(measured),
    mistakesTable(measured),
    ...MISTAKES.map((mistake, index) =>
      [`### ${capital(mistake.name)}`, ...measured.map(({ way, shown }) => detail(way, shown[index]))].join(
        '\n\n',
      ),
    ),
  ].join('\n\n');
}

function stepsTable(measured: readonly Measured[]): string {
  const seconds = (values: readonly number[]): string => `${numberText(median(values) / 1_000)} s`;
  const rows: readonly (readonly [string, (one: Measured) => string])[] = [
    [
      'to a first call: commands, lines written',
      ({ steps: [one] }) => `${one?.callCommands}, ${one?.callLines}`,
    ],
    ['… time of the commands', ({ steps }) => seconds(steps.map(({ callMs }) => callMs))],
    [
      'to a first passing test: commands, lines written',
      ({ steps: [one] }) => `${one?.testCommands}, ${one?.testLines}`,
    ],
    ['… time of the commands', ({ steps }) => seconds(steps.map(({ testMs }) => testMs))],
    [
      'from a save to the first new answer',
      ({ live }) => `${numberText(median(live.map(({ ms }) => ms)))} ms`,
    ],
    ['… calls that failed meanwhile', ({ live }) => numberText(median(live.map(({ failures }) => failures)))],
    ['… the open session was kept', ({ live }) => yesNo(live.every(({ sessionKept }) => sessionKept))],
  ];
  return alignedTable(
    ['', ...measured.map(({ way }) => way.name)],
    rows.map(([name, cell]) => [name, ...measured.map(cell)]),
  );
}

function mistakesTable(measured: readonly Measured[]): string {
  return alignedTable(
    [
      'mistake: file and line are named, the other session is answered',
      ...measured.map(({ way }) => way.name),
    ],
    MISTAKES.map(({ name }, index) => [
      name,
      ...measured.map(({ shown }) => {
        const one = shown[index];
        if (one === undefined) return 'n/a';
        return `${yesNo(one.namesPlace)}, ${one.neighbour === undefined ? 'no session' : yesNo(one.neighbour)}`;
      }),
    ]),
  );
}

function detail({ name }: Way, shown: Shown | undefined): string {
  const lines = (shown?.terminal ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => (line.length > MAX_COLUMNS ? `${line.slice(0, MAX_COLUMNS)} …` : line));
  const cut = lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES), '…'] : lines;
  const client = (shown?.client ?? '').split('\n')[0] ?? '';
  return [
    `${name}; the client gets: ${client}`,
    '',
    '```text',
    ...(cut.length > 0 ? cut : ['(nothing)']),
    '```',
  ].join('\n');
}

const yesNo = (is: boolean): string => (is ? 'yes' : 'no');
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
