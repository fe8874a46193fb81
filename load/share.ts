/** The part of a run that one load worker does. */
export interface Share {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

/** This worker's part of a number of things. All parts add up to it. */
export function partOf(total: number, { index, of }: Share): number {
  return Math.floor(total / of) + (index < total % of ? 1 : 0);
}
