/** The positions of values and ticks on the axes of a chart. */

interface Tick {
  readonly at: number;
  readonly label: string;
}

/** A scale from values to shares of the axis, 0 at its beginning and 1 at its end. */
export interface Scale {
  readonly ticks: readonly Tick[];
  place(value: number): number;
}

/**
 * Which steps a scale's ticks may have: 1, 2 and 5 times powers of ten; the same, whole numbers only; or powers of two.
 */
export type TickBase = 'decimal' | 'whole' | 'binary';

/** Seconds between the ticks of a time axis. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];
const MAX_TIME_TICKS = 6;
const MAX_VALUE_TICKS = 5;

/** From 0 to a round value at or above all `values`. */
export function linearScale(
  values: readonly number[],
  write: (value: number) => string,
  base: TickBase,
): Scale {
  const most = greatest(values) || 1;
  const step = roundStep(most / MAX_VALUE_TICKS, base);
  const steps = Math.ceil(most / step - 1e-9);
  const ticks = Array.from({ length: steps + 1 }, (_, index) => ({
    at: index * step,
    label: write(index * step),
  }));
  return { ticks, place: (value) => value / (steps * step) };
}

/** From a round value at or below the smallest of `values` above 0. Values below it are placed at the beginning. */
export function logScale(values: readonly number[], write: (value: number) => string): Scale {
  const positive = values.filter((value) => value > 0);
  const most = positive.length === 0 ? 1 : greatest(positive);
  const least = positive.reduce((low, value) => Math.min(low, value), most);
  const from = roundDown(least);
  const to = Math.max(roundStep(most, 'decimal'), from * 10);
  const decades = Math.log10(to / from);
  const digits = decades > 2.5 ? [1] : [1, 2, 5];
  const ticks: Tick[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
    for (const digit of digits) {
      const at = Number(`${digit}e${power}`);
      if (at >= from * 0.999 && at <= to * 1.001) ticks.push({ at, label: write(at) });
    }
  }
  return {
    ticks,
    place: (value) => (value <= from ? 0 : Math.log10(value / from) / decades),
  };
}

/** From 0 to `seconds`, with ticks at whole seconds, minutes or hours. */
export function timeScale(seconds: number): Scale {
  const length = seconds > 0 ? seconds : 1;
  const last = TIME_STEPS.at(-1) ?? 1;
  const step =
    TIME_STEPS.find((each) => length / each <= MAX_TIME_TICKS) ?? last * Math.ceil(length / last / 6);
  const unit = step % 3_600 === 0 ? 'h' : step % 60 === 0 ? 'min' : 's';
  const size = { h: 3_600, min: 60, s: 1 }[unit];
  const ticks = Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => ({
    at: index * step,
    label: index === 0 ? '0' : `${(index * step) / size} ${unit}`,
  }));
  return { ticks, place: (value) => value / length };
}

/** Names at equal distances, such as percentiles. */
export function namedScale(names: readonly string[]): Scale {
  const last = Math.max(1, names.length - 1);
  return { ticks: names.map((label, at) => ({ at, label })), place: (value) => value / last };
}

/** The smallest round value that is at least `least`. */
function roundStep(least: number, base: TickBase): number {
  if (base === 'binary') return 2 ** Math.max(0, Math.ceil(Math.log2(least) - 1e-9));
  const power = Math.floor(Math.log10(least) + 1e-9);
  if (base === 'whole' && power < 0) return 1;
  const digit = [1, 2, 5, 10].find((each) => Number(`${each}e${power}`) >= least * (1 - 1e-9)) ?? 10;
  return Number(`${digit}e${power}`);
}

function roundDown(most: number): number {
  const power = Math.floor(Math.log10(most) + 1e-9);
  const digit = [5, 2, 1].find((each) => Number(`${each}e${power}`) <= most * (1 + 1e-9)) ?? 1;
  return Number(`${digit}e${power}`);
}

function greatest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
