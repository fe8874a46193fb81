/** What a row of the bench gives to the report. */

/** What the issue asks of a figure: of its ratio to the compared side, or of Bulkhead's own value. */
export type Goal =
  | { readonly kind: 'ratio at least' | 'ratio at most'; readonly value: number }
  | { readonly kind: 'at most'; readonly value: number };

/** One side's results, one for each round. */
interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

export interface Figure {
  readonly measure: string;
  /** Written after the values, such as `calls/s`; empty for a bare number. */
  readonly unit: string;
  readonly bulkhead: readonly number[];
  readonly comparedWith?: Series;
  readonly goal?: Goal;
  /** Further sides that no goal names. */
  readonly orientation?: readonly Series[];
}

/** One measured value that has a bound of its own, and nothing to be compared with. */
export function boundedFigure(measure: string, unit: string, value: number, most: number): Figure {
  return { measure, unit, bulkhead: [value], goal: { kind: 'at most', value: most } };
}

export interface BenchSettings {
  /** How often each side is measured; sides alternate. */
  readonly rounds: number;
  /** Shortens warm-ups and measurements; the figures are then rough. */
  readonly quick: boolean;
  progress(message: string): void;
}

export interface Row {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  run(settings: BenchSettings): Promise<readonly Figure[]>;
}

/**
 * Measures each side once a round, in turn (A B A B ...), so that whatever else the machine does falls on all of
 * them alike. Each measurement starts and stops its own server.
 */
export async function alternate<Side extends string, Result>(
  settings: BenchSettings,
  title: string,
  sides: Readonly<Record<Side, () => Promise<Result>>>,
): Promise<Record<Side, Result[]>> {
  const names = Object.keys(sides) as Side[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, Result[]>;
  for (let round = 1; round <= settings.rounds; round += 1) {
    for (const name of names) {
      settings.progress(`${title}: round ${round} of ${settings.rounds}, ${name}`);
      results[name].push(await sides[name]());
    }
  }
  return results;
}
