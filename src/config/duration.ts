/**
 * The longest delay that Node's timers support; a longer one fires after 1 ms (`setTimeout`, Node.js documentation).
 */
export const MAX_TIMER_MS = 2 ** 31 - 1;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** The notation of a duration; the first group is the amount, the second the unit. */
export const DURATION = /^\s*(\d+(?:\.\d+)?)(ms|s|m|h)?\s*$/;

/**
 * Reads a duration: `500ms`, `30s`, `5m`, `2h`, `1.5s`, or a bare number of milliseconds, as a number or as text.
 * @returns whole milliseconds, from 0 to `MAX_TIMER_MS`, or `undefined` for anything else.
 */
export function parseDuration(written: string | number): number | undefined {
  const match = DURATION.exec(String(written));
  if (match === null) return undefined;
  const [, amount, unit = 'ms'] = match;
  const milliseconds = Math.round(Number(amount) * (UNIT_MS[unit] ?? Number.NaN));
  return milliseconds <= MAX_TIMER_MS ? milliseconds : undefined;
}

/** Writes milliseconds in the largest unit that divides them: 90,000 is `90s`, 1,800,000 is `30m`. */
export function formatDuration(milliseconds: number): string {
  const unit = ['h', 'm', 's'].find((name) => {
    const size = UNIT_MS[name] ?? Number.NaN;
    return milliseconds >= size && milliseconds % size === 0;
  });
  return unit === undefined ? `${milliseconds}ms` : `${milliseconds / (UNIT_MS[unit] ?? 1)}${unit}`;
}
