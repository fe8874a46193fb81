/** Compares two transcripts to the letter. */
import type { Exchange, Transcript } from './conversation.js';

/** What is random or a time by nature, or has no order. */
export interface Volatile {
  /** Named in the documentation. */
  readonly what: string;
  /** The text of a message without it. */
  readonly steady: (text: string) => string;
}

/** What matches stands as `…` in both transcripts. */
export function changing(what: string, pattern: RegExp): Volatile {
  return { what, steady: (text) => text.replaceAll(pattern, '…') };
}

export interface Difference {
  readonly where: string;
  readonly expected: string;
  readonly actual: string;
}

/** JSON-RPC leaves a server's own ids to whoever sends the request: only that they are unique matters. */
const OWN_ID = /("id": ?)(?:\d+|"[^"]*")/;

/** The bridge escapes the two, which some clients take for the end of a line; in JSON it is the same. */
const LINE_ENDS = /[\u2028\u2029]/g;

function steady(text: string, volatiles: readonly Volatile[]): string {
  const escaped = text.replaceAll(LINE_ENDS, (end) => (end === '\u2028' ? '\\u2028' : '\\u2029'));
  return volatiles.reduce((steadied, volatile) => volatile.steady(steadied), escaped);
}

function methodOf(text: string): string {
  return (JSON.parse(text) as { method: string }).method;
}

/** Messages on several streams have no common order: each method's are compared in theirs. */
function byMethod(others: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, string[]>();
  for (const text of others) {
    const method = methodOf(text);
    methods.set(method, [...(methods.get(method) ?? []), text.replace(OWN_ID, '$1…')]);
  }
  return methods;
}

/** Every place in which the second differs from the first. */
export function differences(
  expected: Transcript,
  actual: Transcript,
  volatiles: readonly Volatile[],
): Difference[] {
  const found: Difference[] = [];
  const compare = (where: string, first: string | undefined, second: string | undefined): void => {
    const texts = [first, second].map((text) => (text === undefined ? 'nothing' : steady(text, volatiles)));
    const [one = '', other = ''] = texts;
    if (one !== other) found.push({ where, expected: one, actual: other });
  };
  const all = (where: string, first: readonly string[], second: readonly string[]): void => {
    for (let index = 0; index < Math.max(first.length, second.length); index += 1)
      compare(`${where} ${index + 1}`, first[index], second[index]);
  };
  for (const [index, exchange] of expected.exchanges.entries()) {
    const other: Exchange | undefined = actual.exchanges[index];
    compare(exchange.step, exchange.answer, other?.answer);
    all(`progress of ${exchange.step}`, exchange.progress, other?.progress ?? []);
  }
  const [first, second] = [byMethod(expected.others), byMethod(actual.others)];
  for (const method of new Set([...first.keys(), ...second.keys()]))
    all(method, first.get(method) ?? [], second.get(method) ?? []);
  return found;
}
