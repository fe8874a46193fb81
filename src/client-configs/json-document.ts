/**
 * The text of a JSON file, with comments and trailing commas if a client allows them, and edits of it. Everything that
 * no edit names stays the same, to the byte. `modify` of jsonc-parser is not used: it drops the comments between a
 * removed property and the one before, and formats the whole line that it changes.
 */
import { createScanner, getNodeValue, type Node } from 'jsonc-parser';
import { jsoncTree } from '../config/jsonc.js';

export type JsonPath = readonly string[];

/** Replaces this many UTF-16 units of the text at an offset. */
export interface TextEdit {
  readonly offset: number;
  readonly length: number;
  readonly content: string;
}

const BYTE_ORDER_MARK = '\uFEFF';

export class JsonDocument {
  /** Without a byte order mark. */
  readonly text: string;
  readonly #hasMark: boolean;
  readonly #root: Node | undefined;

  /**
   * @throws {TypeError} if the bytes are not UTF-8
   * @throws {JsonTextError} if the text is not JSON. An empty text counts as an object without properties.
   */
  constructor(bytes: Uint8Array) {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    this.#hasMark = text.startsWith(BYTE_ORDER_MARK);
    this.text = this.#hasMark ? text.slice(1) : text;
    this.#root = jsoncTree(this.text, { allowEmptyContent: true });
  }

  /** Whether the file contains a JSON object, or nothing at all. */
  get isObject(): boolean {
    return this.#root === undefined || this.#root.type === 'object';
  }

  /** The node of the value. If a key is repeated, the last one counts, as in JSON parsers. */
  find(path: JsonPath): Node | undefined {
    let node = this.#root;
    for (const key of path) node = node && propertiesNamed(node, key).at(-1)?.children?.[1];
    return node;
  }

  /** Whether a key of the path is repeated in its object: an edit could then change the one that does not count. */
  isAmbiguous(path: JsonPath): boolean {
    return path.some((key, depth) => {
      const parent = this.find(path.slice(0, depth));
      return parent !== undefined && propertiesNamed(parent, key).length > 1;
    });
  }

  /** The value at a path as plain data; objects have no prototype. */
  value(path: JsonPath): unknown {
    const node = this.find(path);
    return node === undefined ? undefined : getNodeValue(node);
  }

  /** The text of the value at a path. */
  textAt(path: JsonPath): string | undefined {
    const node = this.find(path);
    return node && this.text.slice(node.offset, node.offset + node.length);
  }

  /** The keys of the object at a path, without duplicates. */
  keys(path: JsonPath): string[] {
    const node = this.find(path);
    return [...new Set(node?.type === 'object' ? propertiesOf(node).map(keyOf) : [])];
  }

  /** The text with these edits, which must not overlap. */
  edited(edits: readonly TextEdit[]): string {
    return applyEdits(this.text, edits);
  }

  /** The bytes of a text that `edited` has returned. */
  encode(text: string): Buffer {
    return Buffer.from(this.#hasMark ? BYTE_ORDER_MARK + text : text);
  }

  /**
   * Changes properties of the object at `path`: values in `set` replace existing ones, those in `drop` are removed, and
   * new ones are added at the place of `anchor`, one of the properties.
   */
  editObject(
    path: JsonPath,
    anchor: string,
    set: Readonly<Record<string, unknown>>,
    drop: readonly string[],
  ): TextEdit[] {
    const object = this.find(path);
    const properties = object === undefined ? [] : propertiesOf(object);
    const anchorNode = properties.find((property) => keyOf(property) === anchor);
    if (anchorNode === undefined) throw new Error(`There is no property ${anchor}.`);
    const present = new Set(properties.map(keyOf));
    const indentation = this.#ownIndentation(anchorNode);
    const isDense = this.text.startsWith(',"', anchorNode.offset + anchorNode.length);
    const separator = indentation === undefined ? (isDense ? ',' : ', ') : `,${this.#eol()}${indentation}`;
    const added = Object.keys(set)
      .filter((key) => !present.has(key))
      .map((key) => this.#property(key, set[key], anchorNode));
    const edits: TextEdit[] = [];
    const removed: Node[] = [];
    const kept: Node[] = [];
    for (const property of properties) {
      const key = keyOf(property);
      const own = Object.hasOwn(set, key) ? [this.#property(key, set[key], property)] : [];
      const texts = property === anchorNode ? [...own, ...added] : own;
      if (texts.length > 0) edits.push(replacing(property, texts.join(separator)));
      if (texts.length > 0 || !drop.includes(key)) kept.push(property);
      else removed.push(property);
    }
    return [...edits, ...this.#removals(removed, kept.at(-1), properties.at(-1))];
  }

  /**
   * Adds properties at the end of the object at `path`, in the file's own style; an empty text becomes such an object.
   */
  append(path: JsonPath, properties: Readonly<Record<string, unknown>>): TextEdit[] {
    const object = this.find(path);
    if (object === undefined) {
      const content = `${JSON.stringify(properties, null, 2)}\n`;
      return [{ offset: 0, length: this.text.length, content }];
    }
    const eol = this.#eol();
    const unit = this.#indentationUnit();
    const outer = this.#lineIndentation(object.offset);
    const last = propertiesOf(object).at(-1);
    const inner = last === undefined ? outer + unit : (this.#ownIndentation(last) ?? outer);
    const property = Object.entries(properties)
      .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value, null, unit)}`)
      .join(',\n')
      .replaceAll('\n', eol + inner);
    if (last !== undefined) {
      const end = last.offset + last.length;
      const comma = this.#commaAfter(end);
      const comments = this.#commentsOfLine(comma ?? end);
      const space = this.#ownIndentation(last) === undefined ? ' ' : eol + inner;
      const addition = { offset: comments, length: 0, content: space + property };
      if (comma !== undefined) return [addition];
      if (comments === end) return [{ ...addition, content: `,${addition.content}` }];
      return [{ offset: end, length: 0, content: ',' }, addition];
    }
    const close = object.offset + object.length - 1;
    const before = this.text.slice(object.offset + 1, close);
    const lineStart = object.offset + 1 + before.lastIndexOf('\n') + 1;
    if (before.includes('\n') && this.text.slice(lineStart, close).trim() === '') {
      return [{ offset: lineStart, length: 0, content: inner + property + eol }];
    }
    return [{ offset: close, length: 0, content: eol + inner + property + eol + outer }];
  }

  /** One property, with the same space after the colon as `example`. */
  #property(key: string, value: unknown, example: Node): string {
    const [name, old] = example.children ?? [];
    const between = name && old && this.text.slice(name.offset + name.length, old.offset);
    const colon = between !== undefined && /^[ \t]*:[ \t]*$/.test(between) ? between : ': ';
    return `${JSON.stringify(key)}${colon}${JSON.stringify(value)}`;
  }

  #removals(removed: readonly Node[], lastKept: Node | undefined, last: Node | undefined): TextEdit[] {
    const edits: TextEdit[] = removed.flatMap((property) => {
      const end = property.offset + property.length;
      const comma = this.#commaAfter(end) ?? end;
      // A comment between the two is kept.
      if (this.text.slice(end, comma - 1).trim() !== '') {
        return [span(property.offset, end), span(comma - 1, comma)];
      }
      return [this.#removal(property.offset, comma)];
    });
    if (last === undefined || lastKept === undefined || !removed.includes(last)) return edits;
    if (this.#commaAfter(last.offset + last.length) !== undefined) return edits;
    // The last remaining property has a comma with nothing after it.
    const comma = this.#commaAfter(lastKept.offset + lastKept.length);
    return comma === undefined ? edits : [...edits, span(comma - 1, comma)];
  }

  /** Also removes the line or lines if nothing else is on them, otherwise the space on one side. */
  #removal(start: number, end: number): TextEdit {
    const lineStart = this.text.lastIndexOf('\n', start - 1) + 1;
    const rest = /^[ \t]*(\r?\n)?/.exec(this.text.slice(end)) ?? [''];
    const beginsLine = this.text.slice(lineStart, start).trim() === '';
    if (beginsLine && rest[1] !== undefined) return span(lineStart, end + rest[0].length);
    if (beginsLine) return span(start, end + rest[0].length);
    if (this.text[end - 1] === ',' && rest[1] === undefined) return span(start, end + rest[0].length);
    return span(start - spacesBefore(this.text, start), end);
  }

  /** The end of the comma after an offset, or `undefined` if another token comes first. */
  #commaAfter(offset: number): number | undefined {
    const scanner = createScanner(this.text, true);
    scanner.setPosition(offset);
    scanner.scan();
    const end = scanner.getTokenOffset() + scanner.getTokenLength();
    return this.text.slice(scanner.getTokenOffset(), end) === ',' ? end : undefined;
  }

  /** The end of the comments that follow an offset on its line; the offset itself if there are none. */
  #commentsOfLine(offset: number): number {
    const scanner = createScanner(this.text, false);
    scanner.setPosition(offset);
    for (let end = offset; ; ) {
      scanner.scan();
      const start = scanner.getTokenOffset();
      const token = this.text.slice(start, start + scanner.getTokenLength());
      const isComment = token.startsWith('/');
      if (token === '' || token.includes('\n') || !(isComment || token.trim() === '')) return end;
      if (isComment) end = start + token.length;
    }
  }

  /** What is before a property on its line, if that is only space. */
  #ownIndentation(property: Node): string | undefined {
    const lineStart = this.text.lastIndexOf('\n', property.offset - 1) + 1;
    const before = this.text.slice(lineStart, property.offset);
    return lineStart > 0 && before.trim() === '' ? before : undefined;
  }

  #lineIndentation(offset: number): string {
    const lineStart = this.text.lastIndexOf('\n', offset - 1) + 1;
    return /^[ \t]*/.exec(this.text.slice(lineStart))?.[0] ?? '';
  }

  #indentationUnit(): string {
    return /^([ \t]+)"/m.exec(this.text)?.[1] ?? '  ';
  }

  #eol(): string {
    return this.text.includes('\r\n') ? '\r\n' : '\n';
  }
}

/** @param edits must not overlap; their order does not matter */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let result = '';
  let position = 0;
  for (const { offset, length, content } of inOrder(edits)) {
    result += text.slice(position, offset) + content;
    position = offset + length;
  }
  return result + text.slice(position);
}

/** By offset; those at the same offset in their given order. */
export function inOrder(edits: readonly TextEdit[]): TextEdit[] {
  return [...edits].sort((one, other) => one.offset - other.offset);
}

function propertiesOf(object: Node): Node[] {
  return object.type === 'object' ? (object.children ?? []) : [];
}

function propertiesNamed(object: Node, key: string): Node[] {
  return propertiesOf(object).filter((property) => keyOf(property) === key);
}

function keyOf(property: Node): string {
  return String(property.children?.[0]?.value);
}

function replacing({ offset, length }: Node, content: string): TextEdit {
  return { offset, length, content };
}

function span(start: number, end: number): TextEdit {
  return { offset: start, length: end - start, content: '' };
}

function spacesBefore(text: string, offset: number): number {
  let start = offset;
  while (text[start - 1] === ' ' || text[start - 1] === '\t') start -= 1;
  return offset - start;
}
