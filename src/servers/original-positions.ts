/** Translates stacks of a bundled server module to positions in its original files. */
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, resolve } from 'node:path';
import type { BundledModule } from './bundle-parts.js';

/** Maximum number of positions that are translated in a text; a log line has no more frames than this. */
const MAX_POSITIONS = 100;

export class OriginalPositions {
  readonly #filename: string;
  readonly #folder: string;
  readonly #json: string;
  #map: SourceMap | undefined;

  constructor({ filename, sourceMap }: Pick<BundledModule, 'filename' | 'sourceMap'>) {
    this.#filename = filename;
    this.#folder = dirname(filename);
    this.#json = sourceMap;
  }

  /** The text with each `<bundle>:<line>:<column>` replaced by the position in the original file, if it is known. */
  in(text: string): string {
    if (!text.includes(this.#filename)) return text;
    const parts = text.split(this.#filename, MAX_POSITIONS + 1);
    if (parts.length > MAX_POSITIONS) return text;
    const [before = '', ...rest] = parts;
    return before + rest.map((part) => this.#original(part)).join('');
  }

  /** What follows the bundle's name, and the name before it. */
  #original(rest: string): string {
    const [position, line, column] = /^:(\d+):(\d+)/.exec(rest) ?? [];
    if (position === undefined) return this.#filename + rest;
    // Created for the first stack, because it takes tens of milliseconds.
    this.#map ??= new SourceMap(JSON.parse(this.#json) as SourceMapPayload);
    const entry = this.#map.findEntry(Number(line) - 1, Number(column) - 1);
    if (!('originalSource' in entry)) return this.#filename + rest;
    const file = resolve(this.#folder, entry.originalSource);
    return `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}${rest.slice(position.length)}`;
  }
}
