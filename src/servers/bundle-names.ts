/**
 * Takes from a bundle what esbuild puts into it to be on the safe side: each function's name, given explicitly. It is
 * replaced by as many blanks, so that the source map stays valid.
 *
 * A name is needless if JavaScript gives the same one. It would cost each thread more than a kilobyte, and a function
 * whose text runs elsewhere, such as in a browser, would fail with it.
 */
import { type CallExpression, type Expression, parseExpressionAt } from 'acorn';

/** `__name(f,"f");` after the declaration of `f`. */
const OF_DECLARATION = /(?<=[;{}])__name\(([\w$]+),"\1"\)(?:;|(?=\}))/g;
/** `class A{static{__name(this,"A")}}` and `A=class{…}`. A group that is not there matches nothing. */
const OF_CLASS =
  /((?<![\w$])class ([\w$]+)|(?<![\w$.])([\w$]+)=class)((?: extends [\w$.]+)?\{)(static\{__name\(this,"\2\3"\)\})/g;
/** `f=__name(…,"f")`, `f:__name(…,"f")` and `__name(function f(){…},"f")`. */
const OF_EXPRESSION = /(?:(?<![\w$])([\w$]+)[=:])?__name\((?=async\b|function\b|class\b|\(|[\w$]+=>)/g;

/** Functions in functions are read again: beyond so many times the text, the rest keeps its names. */
const MAX_READING = 8;
/** Characters of calls that are remembered: those of a few bundles of common size. */
const MAX_REMEMBERED = 4 * 2 ** 20;
/** By these, remembered calls are found. */
const FIRST_CHARS = 32;

/** A call as it was read. */
interface NameCall {
  readonly text: string;
  /** What it names, if it is `__name(f,"f")`. Positions count from its beginning. */
  readonly named?: {
    readonly start: number;
    readonly end: number;
    /** The name that its function or class has in its own text. */
    readonly own: string | undefined;
    readonly name: string;
  };
}

/** A reload finds nearly all calls as they were. */
const remembered = new Map<string, NameCall[]>();
let rememberedChars = 0;

export function withoutNeedlessNames(text: string): string {
  return withoutNamesOfExpressions(
    text
      .replace(OF_DECLARATION, (whole) => ' '.repeat(whole.length))
      .replace(OF_CLASS, (_, head: string, _own, _given, opening: string, block: string) => {
        return head + opening + ' '.repeat(block.length);
      }),
  );
}

function withoutNamesOfExpressions(text: string): string {
  const blanks: (readonly [start: number, end: number])[] = [];
  let unread = MAX_READING * text.length;
  for (const { 0: found, 1: given, index } of text.matchAll(OF_EXPRESSION)) {
    const start = index + found.length - '__name('.length;
    const call = unread < 0 ? undefined : callAt(text, start);
    if (call === undefined) continue;
    const { named, text: read } = call;
    unread -= read.length;
    if (named === undefined || (named.own ?? given) !== named.name) continue;
    blanks.push([start, start + named.start], [start + named.end, start + read.length]);
  }
  return blanked(text, blanks);
}

/** A call ends with its parenthesis, so the same characters are the same call. */
function callAt(text: string, start: number): NameCall | undefined {
  const key = text.slice(start, start + FIRST_CHARS);
  const known = remembered.get(key)?.find((call) => text.startsWith(call.text, start));
  if (known !== undefined) return known;
  const call = readCall(text, start);
  if (call === undefined) return undefined;
  rememberedChars += call.text.length;
  if (rememberedChars > MAX_REMEMBERED) {
    remembered.clear();
    rememberedChars = call.text.length;
  }
  const ownKey = ownCopy(key);
  remembered.set(ownKey, [...(remembered.get(ownKey) ?? []), call]);
  return call;
}

/** `undefined` for what cannot be read by itself, such as the use of a private name of the class around it. */
function readCall(text: string, start: number): NameCall | undefined {
  let read: Expression;
  try {
    read = parseExpressionAt(text, start, { ecmaVersion: 'latest', allowSuperOutsideMethod: true });
  } catch {
    // Its name stays, which is right in any case.
    return undefined;
  }
  // What follows a comma is read with it.
  const [call = read] = read.type === 'SequenceExpression' ? read.expressions : [];
  if (call.type !== 'CallExpression') return undefined;
  const [target, name] = call.arguments;
  const whole = ownCopy(text.slice(start, call.end));
  if (target === undefined || name?.type !== 'Literal' || typeof name.value !== 'string')
    return { text: whole };
  const [from, to] = [target.start - start, target.end - start];
  return { text: whole, named: { start: from, end: to, own: ownName(target), name: name.value } };
}

/** A slice would keep the text of its whole bundle in memory. */
function ownCopy(slice: string): string {
  return Buffer.from(slice, 'latin1').toString('latin1');
}

function ownName(target: CallExpression['arguments'][number]): string | undefined {
  const isNamed = target.type === 'FunctionExpression' || target.type === 'ClassExpression';
  return isNamed ? target.id?.name : undefined;
}

function blanked(text: string, ranges: readonly (readonly [start: number, end: number])[]): string {
  const pieces: string[] = [];
  let from = 0;
  for (const [start, end] of ranges.toSorted(([a], [b]) => a - b)) {
    pieces.push(text.slice(from, start), ' '.repeat(end - start));
    from = end;
  }
  pieces.push(text.slice(from));
  return pieces.join('');
}
