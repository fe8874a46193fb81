/**
 * Reads metrics as text: the Prometheus format 0.0.4 and OpenMetrics 1.0. It refuses what neither allows, because a
 * sample that is read wrongly would make a check of the server wrong. Timestamps and exemplars are checked and left
 * out.
 */

export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  /** The type in `# TYPE`; `untyped` without one. */
  readonly type: string;
  readonly samples: readonly Sample[];
}

/** The text is not an exposition. The message has no full stop and names the place. */
export class ExpositionError extends Error {
  constructor(line: number, problem: string) {
    super(`line ${line} ${problem}`);
    this.name = 'ExpositionError';
  }
}

/** All metrics of one scrape. */
export class Exposition {
  readonly families: ReadonlyMap<string, Family>;
  readonly #samples: ReadonlyMap<string, readonly Sample[]>;

  constructor(families: ReadonlyMap<string, Family>, samples: ReadonlyMap<string, readonly Sample[]>) {
    this.families = families;
    this.#samples = samples;
  }

  /** All samples of this name. For a histogram, `x_count` and `x_bucket` are separate names. */
  samples(name: string): readonly Sample[] {
    return this.#samples.get(name) ?? [];
  }

  sampleNames(): Iterable<string> {
    return this.#samples.keys();
  }

  /** The sum of all samples of this name with these labels; `null` if there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number | null {
    const wanted = Object.entries(labels);
    const matching = this.samples(name).filter((sample) =>
      wanted.every(([label, value]) => sample.labels.get(label) === value),
    );
    return matching.length === 0 ? null : matching.reduce((total, { value }) => total + value, 0);
  }
}

interface GrowingFamily extends Family {
  type: string;
  readonly samples: Sample[];
}

const TYPES = new Set(
  'counter gauge histogram summary untyped unknown info stateset gaugehistogram'.split(' '),
);
const OF_TYPE = /^#[ \t]+TYPE[ \t]+([a-zA-Z_:][a-zA-Z0-9_:]*|"(?:[^"\\]|\\["\\n])*")[ \t]+(\S+)[ \t]*$/;
const OF_TYPE_AT_ALL = /^#[ \t]+TYPE(?:[ \t]|$)/;

/** What the name of a sample may have in addition to the name of its family. */
const SUFFIXES = ['_total', '_bucket', '_count', '_sum', '_created', '_info', '_gcount', '_gsum'];

/**
 * @param openMetrics whether the text declares itself to be OpenMetrics: its end must then be marked
 * @throws {ExpositionError}
 */
export function parseExposition(text: string, openMetrics = false): Exposition {
  const families = new Map<string, GrowingFamily>();
  const byName = new Map<string, Sample[]>();
  const seen = new Set<string>();
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  let ended = false;
  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    if (ended) throw new ExpositionError(number, 'comes after the end mark # EOF');
    if (openMetrics && line === '# EOF') ended = true;
    else if (OF_TYPE_AT_ALL.test(line)) noteType(families, line, number);
    else if (!line.startsWith('#') && line.trim() !== '') {
      const sample = new SampleReader(line, number).read();
      const series = seriesName(sample);
      if (seen.has(series)) throw new ExpositionError(number, `has the series ${series} a second time`);
      seen.add(series);
      getOrInsert(byName, sample.name, () => []).push(sample);
      familyOf(families, sample.name).samples.push(sample);
    }
  }
  if (openMetrics && !ended) throw new ExpositionError(lines.length, 'is the last one and not # EOF');
  return new Exposition(families, byName);
}

/** A series in the notation of Prometheus, with its labels in alphabetical order: `calls_total{tool="echo"}`. */
export function seriesName({ name, labels }: Pick<Sample, 'name' | 'labels'>): string {
  if (labels.size === 0) return name;
  const pairs = [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name}{${pairs.map(([label, value]) => `${label}="${escapeValue(value)}"`).join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function unescapeValue(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

function noteType(families: Map<string, GrowingFamily>, line: string, number: number): void {
  const [, name = '', type = ''] = OF_TYPE.exec(line) ?? [];
  if (!TYPES.has(type)) throw new ExpositionError(number, `is no # TYPE of a metric: ${excerpt(line)}`);
  const family = insertFamily(families, name.startsWith('"') ? unescapeValue(name.slice(1, -1)) : name);
  if (family.type !== 'untyped' && family.type !== type) {
    throw new ExpositionError(number, `gives ${family.name} a second type`);
  }
  family.type = type;
}

function familyOf(families: Map<string, GrowingFamily>, sampleName: string): GrowingFamily {
  const exact = families.get(sampleName);
  if (exact !== undefined) return exact;
  for (const suffix of SUFFIXES) {
    if (!sampleName.endsWith(suffix)) continue;
    const family = families.get(sampleName.slice(0, -suffix.length));
    if (family !== undefined && family.type !== 'untyped') return family;
  }
  return insertFamily(families, sampleName);
}

function insertFamily(families: Map<string, GrowingFamily>, name: string): GrowingFamily {
  return getOrInsert(families, name, () => ({ name, type: 'untyped', samples: [] }));
}

const BLANK = /[ \t]*/y;
const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
/** The value of a label, or a name outside of the classic alphabet. */
const QUOTED = /"((?:[^"\\]|\\["\\n])*)"/y;
const NUMBER = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]?Inf(?:inity)?/iy;
const TIMESTAMP = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Reads one line that contains a sample. */
class SampleReader {
  readonly #line: string;
  readonly #number: number;
  #offset = 0;

  constructor(line: string, number: number) {
    this.#line = line;
    this.#number = number;
  }

  read(): Sample {
    this.#blanks();
    const labels = new Map<string, string>();
    let name = this.#match(METRIC_NAME)?.[0];
    this.#blanks();
    if (this.#take('{')) {
      const quoted = this.#labels(labels);
      if (name !== undefined && quoted !== undefined) throw this.#wrong();
      name ??= quoted;
    }
    this.#blanks();
    const value = this.#match(NUMBER)?.[0];
    if (name === undefined || value === undefined) throw this.#wrong();
    this.#timestamp();
    if (this.#take('#')) this.#exemplar();
    if (this.#offset !== this.#line.length) throw this.#wrong();
    return { name, labels, value: toNumber(value) };
  }

  /** Reads up to the closing brace. @returns the metric's own name, if it is in quotes inside the braces */
  #labels(labels: Map<string, string>): string | undefined {
    let metricName: string | undefined;
    for (;;) {
      this.#blanks();
      if (this.#take('}')) return metricName;
      const quoted = this.#match(QUOTED)?.[1];
      const label = quoted === undefined ? this.#match(LABEL_NAME)?.[0] : unescapeValue(quoted);
      this.#blanks();
      if (label === undefined) throw this.#wrong();
      if (this.#take('=')) {
        this.#blanks();
        const value = this.#match(QUOTED)?.[1];
        if (value === undefined || labels.has(label)) throw this.#wrong();
        labels.set(label, unescapeValue(value));
      } else if (quoted !== undefined && metricName === undefined && labels.size === 0) {
        metricName = label;
      } else throw this.#wrong();
      this.#blanks();
      if (!this.#take(',') && this.#line[this.#offset] !== '}') throw this.#wrong();
    }
  }

  #timestamp(): void {
    if (this.#blanks() && this.#match(TIMESTAMP)) this.#blanks();
  }

  /** `# {trace_id="x"} 0.5 1700000000.0`. */
  #exemplar(): void {
    this.#blanks();
    if (!this.#take('{') || this.#labels(new Map()) !== undefined) throw this.#wrong();
    this.#blanks();
    if (this.#match(NUMBER) === null) throw this.#wrong();
    this.#timestamp();
  }

  /** @returns whether there was at least one. */
  #blanks(): boolean {
    return (this.#match(BLANK)?.[0].length ?? 0) > 0;
  }

  #take(character: string): boolean {
    if (this.#line[this.#offset] !== character) return false;
    this.#offset += 1;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#line);
    if (match !== null) this.#offset = pattern.lastIndex;
    return match;
  }

  #wrong(): ExpositionError {
    return new ExpositionError(this.#number, `is no sample: ${excerpt(this.#line)}`);
  }
}

/** `Number` does not know how the formats spell infinity. */
function toNumber(text: string): number {
  const infinity = /^([+-]?)inf/i.exec(text);
  if (infinity === null) return Number(text);
  return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** If a page does not contain metrics at all, a line may be very long. */
function excerpt(line: string): string {
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}…` : line);
}

function getOrInsert<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
