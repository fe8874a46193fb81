/** How figures are written for people, the same in the summary, on the HTML page and in the thresholds. */

/** Shown for a figure without a value. */
export const NOTHING = '–';

const SIGNIFICANT_DIGITS = 3;

/** The largest first, each with its size in milliseconds. */
const TIME_UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
  ['ms', 1],
  ['µs', 0.001],
];
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Milliseconds in a suitable unit: `310 µs`, `4.25 ms`, `1.5 s`, by default with at most three significant digits. */
export function formatLatency(ms: number | null, digits = SIGNIFICANT_DIGITS): string {
  if (ms === null) return NOTHING;
  // Rounded before the unit is chosen, so that 999.9 µs become 1 ms and not 1,000 µs.
  const rounded = roundTo(ms, digits);
  if (rounded === 0) return '0 ms';
  const [unit, size] = TIME_UNITS.find(([, least]) => Math.abs(rounded) >= least) ?? ['µs', 0.001];
  return `${grouped(roundTo(rounded / size, digits))} ${unit}`;
}

/** Bytes in a suitable binary unit: `512 B`, `1.5 KiB`, `230 MiB`. */
export function formatBytes(bytes: number | null, digits = SIGNIFICANT_DIGITS): string {
  if (bytes === null) return NOTHING;
  let amount = bytes;
  let step = 0;
  // Four digits are kept below the next unit: 1,010 KiB is closer than 1,000 or 0.99 MiB.
  const written = (): number =>
    Math.abs(amount) >= 10 ** digits ? Math.round(amount) : roundTo(amount, digits);
  while (Math.abs(written()) >= 1024 && step < BYTE_UNITS.length - 1) {
    amount /= 1024;
    step += 1;
  }
  return `${grouped(step === 0 ? Math.round(amount) : written())} ${BYTE_UNITS[step] ?? ''}`;
}

/** A whole number with thousands separators: `12,345`. */
export function formatCount(count: number): string {
  return grouped(Math.round(count));
}

/** A number with at most three significant digits below 1,000, and without decimals from there on: `0.25`, `12,345`. */
export function formatNumber(value: number | null, digits = SIGNIFICANT_DIGITS): string {
  if (value === null) return NOTHING;
  return grouped(Math.abs(value) >= 10 ** digits ? Math.round(value) : roundTo(value, digits));
}

/** `0.25 %`; nothing if there is no whole. */
export function formatShare(part: number, whole: number): string {
  return whole > 0 ? `${formatNumber((100 * part) / whole)} %` : NOTHING;
}

function roundTo(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

function grouped(value: number): string {
  // `+ 0` turns -0 into 0.
  return (value + 0).toLocaleString('en-US', { maximumFractionDigits: 9 });
}
