/** Arguments of the form `--arg key=value`, with the types that the tool's schema gives them. */

import { optionError } from '../../config/option-error.js';
import { type Fields, isFields } from '../../shared/fields.js';
import { didYouMean } from '../../shared/nearest.js';
import { safeLine } from '../output/safe-text.js';
import { SchemaView, type TypeName } from './schema-view.js';

/** One JSON number (RFC 8259, section 6). */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Below a name that is not listed, any name is possible. */
const ANYTHING = new SchemaView({ additionalProperties: true });

/** Without a prototype, because names come from the command line and from schemas. */
type Building = Record<string, unknown>;

/** A place in the arguments, and all that is written for it. */
interface Written {
  readonly key: string;
  readonly path: readonly string[];
  readonly schema: SchemaView;
  readonly texts: string[];
}

/**
 * Each `--arg`, on top of the JSON object.
 * @param written each `key=value`; a repeated key gives the items of an array; `a.b=1` is a member of an object
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for a name that the tool does not have, or a value of the wrong type
 */
export function withNamedArguments(
  base: Fields,
  written: readonly string[],
  tool: { readonly name: string; readonly inputSchema?: unknown },
): Fields {
  const schema = new SchemaView(tool.inputSchema);
  const places = new Map<string, Written>();
  for (const text of written) {
    const [key, value] = splitArgument(text);
    const known = places.get(key);
    if (known !== undefined) known.texts.push(value);
    else places.set(key, { key, ...placeOf(key, schema, tool.name), texts: [value] });
  }
  const built = copyOf(base);
  for (const place of places.values()) put(built, place);
  return built;
}

/** @throws {BulkheadError} `ERR_BULKHEAD_OPTION` if it is not `key=value` */
export function splitArgument(text: string): [key: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw optionError(`--arg is ${JSON.stringify(text)}, but must be <key>=<value>.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** The arguments of a tool in words, such as `name (string), loud (boolean, optional)`. */
export function argumentList(schema: SchemaView): string {
  const { required, properties } = schema;
  const all = [...properties].map(([name, { typeText }]) => {
    return `${name} (${typeText}${required.includes(name) ? '' : ', optional'})`;
  });
  return safeLine(all.join(', '));
}

function placeOf(key: string, root: SchemaView, tool: string): Pick<Written, 'path' | 'schema'> {
  const path: string[] = [];
  let schema = root;
  let rest = key;
  while (rest !== '') {
    const { properties } = schema;
    const whole = properties.get(rest);
    if (whole !== undefined) return { path: [...path, rest], schema: whole };
    const dot = rest.indexOf('.');
    const name = dot < 0 ? rest : rest.slice(0, dot);
    const inner = properties.get(name) ?? (schema.isOpen ? ANYTHING : undefined);
    if (inner === undefined || (dot >= 0 && !isObject(inner))) break;
    path.push(name);
    schema = inner;
    rest = dot < 0 ? '' : rest.slice(dot + 1);
    if (dot >= 0 && rest === '') break;
    if (rest === '') return { path, schema };
  }
  throw unknownArgument(key, root, tool);
}

function isObject({ types }: SchemaView): boolean {
  return types.size === 0 || types.has('object');
}

function unknownArgument(key: string, root: SchemaView, tool: string) {
  const names = [...root.properties.keys()];
  const known = names.length === 0 ? 'it has none' : `it has ${argumentList(root)}`;
  const meant = safeLine(didYouMean(key, names));
  return optionError(`${safeLine(tool)} has no argument ${JSON.stringify(key)}${meant}: ${known}.`);
}

function put(built: Building, place: Written): void {
  const { key, path } = place;
  let inner = built;
  for (const name of path.slice(0, -1)) {
    inner[name] ??= Object.create(null);
    const existing = inner[name];
    if (!isFields(existing)) throw twice(key);
    inner = existing as Building;
  }
  const last = path.at(-1) ?? key;
  if (Object.hasOwn(inner, last)) throw twice(key);
  inner[last] = placedValue(place);
}

function twice(key: string) {
  return optionError(`The argument ${JSON.stringify(key)} is given twice: keep one of them.`);
}

function placedValue({ key, schema, texts }: Written): unknown {
  const [first = '', ...more] = texts;
  const { types } = schema;
  if (more.length === 0 && !(types.has('array') && !types.has('string'))) return typed(key, first, schema);
  if (more.length > 0 && types.size > 0 && !types.has('array')) {
    throw optionError(
      `--arg ${key} is given ${texts.length} times, but takes one value, not an array (${schema.typeText}).`,
    );
  }
  const whole = more.length === 0 ? asJson(first, 'array') : undefined;
  return whole ?? texts.map((text) => typed(key, text, schema.items));
}

/** The value of the first type that the text can have; text comes last, because everything is text. */
function typed(key: string, text: string, schema: SchemaView): unknown {
  const { types, values } = schema;
  const listed = values?.find((value) => value === text || JSON.stringify(value) === text);
  if (listed !== undefined) return listed;
  if (types.size === 0) return anyValue(text);
  if (types.has('integer') && /^-?(?:0|[1-9]\d*)$/.test(text)) return Number(text);
  if (types.has('number') && NUMBER.test(text)) return Number(text);
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  if (types.has('null') && text === 'null') return null;
  for (const type of ['array', 'object'] as const) {
    const value = types.has(type) ? asJson(text, type) : undefined;
    if (value !== undefined) return value;
  }
  // A value that is not listed is the server's to refuse.
  if (types.has('string')) return text;
  throw optionError(
    `--arg ${key} is ${JSON.stringify(text)}, but must be ${article(safeLine(schema.typeText))}${JSON_HINT(types)}.`,
  );
}

const JSON_HINT = (types: ReadonlySet<TypeName>): string =>
  types.has('object') || types.has('array') ? ', written as JSON' : '';

function article(words: string): string {
  return `${/^[aeio]/.test(words) ? 'an' : 'a'} ${words}`;
}

/** Nothing is known of it: JSON if it is JSON, otherwise text. */
function anyValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function asJson(text: string, type: 'array' | 'object'): unknown {
  if (!text.trimStart().startsWith(type === 'array' ? '[' : '{')) return undefined;
  const value = anyValue(text);
  return typeof value === 'object' ? value : undefined;
}

/** A copy to which members can be added, at any depth where objects are. */
function copyOf(value: Fields): Building {
  const copy = Object.create(null) as Building;
  for (const [name, member] of Object.entries(value)) copy[name] = isFields(member) ? copyOf(member) : member;
  return copy;
}
