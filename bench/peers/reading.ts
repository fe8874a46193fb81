/** What a row of the comparison gives for each peer. */
import type { BenchSettings } from '../figure.js';
import type { Peer } from './peers.js';

export interface Measure {
  readonly name: string;
  /** Written after a value; empty for a bare number. */
  readonly unit: string;
  /** Which values are the better ones. */
  readonly better: 'higher' | 'lower';
}

/** One cell: a value in the measure's unit, words, or both. Words alone stand where there is nothing to compare. */
export interface Reading {
  readonly value?: number;
  readonly note?: string;
}

export type PeerSettings = Pick<BenchSettings, 'quick' | 'progress'>;

export interface PeerRow {
  /** For `--rows`. */
  readonly name: string;
  readonly measures: readonly Measure[];
  /** One reading for each measure, in their order. What it rejects with stands in all of the row's cells. */
  read(peer: Peer, settings: PeerSettings): Promise<readonly Reading[]>;
}
