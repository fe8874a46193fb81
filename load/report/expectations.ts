/** Thresholds: those of `--expect`, those that apply to every run, and whether a run met them. */
import { optionError } from '../../src/config/option-error.js';
import type { ExpectationResult, LoadFindings } from '../load-report.js';
import { type Figure, type FigureUnit, type FigureValue, figureNamed } from './expectation-figures.js';
import { formatBytes, formatCount, formatLatency, formatNumber } from './figure-format.js';

type Operator = '<' | '<=' | '>' | '>=' | '==' | '!=';

/** One threshold, ready to be judged. */
export interface Expectation {
  /** As it was written. */
  readonly text: string;
  /** The figure's name, such as `echo.p99`. */
  readonly name: string;
  readonly figure: Figure;
  readonly operator: Operator;
  /** In milliseconds, bytes, as a bare number, or as a percentage if `isShare`. */
  readonly bound: number;
  /** Whether a count is compared as a percentage of all requests. */
  readonly isShare: boolean;
}

const UNITS: Readonly<Record<FigureUnit, ReadonlyMap<string, number>>> = {
  duration: new Map([
    ['', 1],
    ['us', 0.001],
    // Both the micro sign and the Greek letter.
    ['\u00b5s', 0.001],
    ['\u03bcs', 0.001],
    ['ms', 1],
    ['s', 1_000],
    ['m', 60_000],
    ['h', 3_600_000],
  ]),
  size: new Map([
    ['', 1],
    ['b', 1],
    ['kb', 1e3],
    ['mb', 1e6],
    ['gb', 1e9],
    ['kib', 2 ** 10],
    ['mib', 2 ** 20],
    ['gib', 2 ** 30],
  ]),
  rate: new Map([
    ['', 1],
    ['/s', 1],
  ]),
  count: new Map([['', 1]]),
};

const WANTED: Readonly<Record<FigureUnit, string>> = {
  duration: 'a duration such as 50ms, 2s or 0.3ms',
  size: 'a size such as 20KiB or 1MB',
  rate: 'a number of calls a second such as 500',
  count: 'a number such as 0',
};

/** A run without an answer has proved nothing. */
export const ALWAYS_HELD = [
  'contaminated==0',
  'errors[wrong id]==0',
  'errors[duplicate]==0',
  'lost==0',
  'forgotten==0',
  'mismatches==0',
  'answered>0',
] as const;

/** A run without metrics, or without sessions, must not fail because there was nothing to check. */
const CHECKED_IF_POSSIBLE: readonly string[] = ['mismatches', 'forgotten'];

/**
 * Reads `<figure><operator><value>`, such as `p99<50ms`, `echo.p99.9<=2s`, `errors<1%`, `errors[http 503]==0` or
 * `memory-slope<1MiB`. Durations are `50ms`, `2s`, or a bare number of milliseconds, and may have fractions; sizes are
 * `20KiB`, `1MB`, or a bare number of bytes; slopes are by the minute, and may be negative.
 * @throws BulkheadError `ERR_BULKHEAD_OPTION` with one sentence that says what would be right.
 */
export function parseExpectation(text: string): Expectation {
  const wrong = (right: string) => optionError(`--expect is ${JSON.stringify(text)}, but ${right}.`);
  // The name of a tool may contain operators, a value cannot: the last operator counts.
  const parts = /^(.*?)(<=|>=|==|!=|<|>)([^<>=!]*)$/s.exec(text);
  if (parts === null) {
    throw wrong('must be a figure, one of < <= > >= == != and a value, such as p99<50ms or errors==0');
  }
  const name = (parts[1] ?? '').trim();
  const operator = parts[2] as Operator;
  const figure = figureNamed(name);
  if (typeof figure === 'string') throw wrong(figure);
  if (figure.isTrend === true && operator === '!=') {
    throw wrong('a slope is known only within its confidence, so its operator must be one of < <= > >= ==');
  }
  const value = readValue((parts[3] ?? '').trim(), figure);
  if (value === undefined) {
    const share = figure.hasShare === true ? ', or a percentage of all requests such as 1%' : '';
    const slope = figure.isTrend === true ? ' a minute' : '';
    throw wrong(`its value must be ${WANTED[figure.unit]}${slope}${share}`);
  }
  return { text, name, figure, operator, ...value };
}

function readValue(written: string, figure: Figure): Pick<Expectation, 'bound' | 'isShare'> | undefined {
  const match = /^(-?)(\d+(?:\.\d+)?) ?([a-z\u00b5\u03bc%/]*)$/i.exec(written);
  if (match === null) return undefined;
  const [, sign = '', amount = '', unit = ''] = match;
  if (sign !== '' && figure.isTrend !== true) return undefined;
  const isShare = unit === '%' && figure.hasShare === true;
  const perMinute = figure.isTrend === true ? unit.replace(/\/min$/, '') : unit;
  const size = isShare
    ? 1
    : UNITS[figure.unit].get(figure.unit === 'size' ? perMinute.toLowerCase() : perMinute);
  if (size === undefined) return undefined;
  const bound = Number(sign + amount) * size;
  return Number.isFinite(bound) ? { bound, isShare } : undefined;
}

/**
 * Judges a run by `expectations`, in their order, and then by what applies to every run: always `contaminated==0`, and
 * the others of `ALWAYS_HELD` if `expectations` do not name the figure.
 *
 * A figure without a value counts as missed. A slope is known only within its confidence interval. Its threshold is met
 * if some slope of the interval meets it. So it is missed only if the whole interval exceeds the bound: for
 * `memory-slope<1MiB`, if the slope minus its half-width is 1 MiB a minute or more.
 */
export function judge(findings: LoadFindings, expectations: readonly Expectation[]): ExpectationResult[] {
  const results = expectations.map((expectation) => judgeOne(findings, expectation));
  const named = new Set(
    expectations.flatMap(({ name, operator, bound }) =>
      name !== 'contaminated' || (operator === '==' && bound === 0) ? [name] : [],
    ),
  );
  for (const always of ALWAYS_HELD.map(parseExpectation).filter(({ name }) => !named.has(name))) {
    const result = judgeOne(findings, always);
    const isMissing = !result.checked && CHECKED_IF_POSSIBLE.includes(always.name);
    results.push(isMissing ? { ...result, met: true } : result);
  }
  return results;
}

function judgeOne(findings: LoadFindings, expectation: Expectation): ExpectationResult {
  const { text, figure, isShare } = expectation;
  const reading = figure.read(findings);
  if ('missing' in reading) return { text, measured: reading.missing, met: false, checked: false };
  const { value, whole = 0, plusMinus = 0 } = reading;
  if (isShare && whole === 0) return { text, measured: 'no request was sent', met: false, checked: false };
  const compared = isShare ? (100 * value) / whole : value;
  return {
    text,
    measured: describe(reading, compared, expectation),
    met: meets(compared, plusMinus, expectation),
    checked: true,
  };
}

function meets(value: number, plusMinus: number, { operator, bound }: Expectation): boolean {
  switch (operator) {
    case '<':
      return value - plusMinus < bound;
    case '<=':
      return value - plusMinus <= bound;
    case '>':
      return value + plusMinus > bound;
    case '>=':
      return value + plusMinus >= bound;
    case '==':
      return Math.abs(value - bound) <= plusMinus;
    case '!=':
      return value !== bound;
    default:
      return operator satisfies never;
  }
}

/** What was measured, with as many digits as are needed to see on which side of the bound it lies. */
function describe(reading: FigureValue, compared: number, expectation: Expectation): string {
  const { figure, isShare, bound } = expectation;
  const write = (value: number, digits: number): string => writeValue(value, figure.unit, digits, isShare);
  const digits =
    [3, 4, 5, 6].find((some) => compared === bound || write(compared, some) !== write(bound, some)) ?? 9;
  const written = write(compared, digits);
  if (reading.plusMinus !== undefined) return `${written} ± ${write(reading.plusMinus, 3)} a minute`;
  if (!isShare) return figure.unit === 'rate' ? `${written}/s` : written;
  return `${written} (${formatCount(reading.value)} of ${formatCount(reading.whole ?? 0)})`;
}

function writeValue(value: number, unit: FigureUnit, digits: number, isShare: boolean): string {
  if (isShare) return `${formatNumber(value, digits)} %`;
  switch (unit) {
    case 'duration':
      return formatLatency(value, digits);
    case 'size':
      return formatBytes(value, digits);
    case 'rate':
    case 'count':
      return formatNumber(value, digits);
    default:
      return unit satisfies never;
  }
}
