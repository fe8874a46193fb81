/** Arguments for a tool that nobody has given: what its input schema says they may be. */
import type { Fields } from '../../shared/fields.js';
import { SchemaView } from '../arguments/schema-view.js';

/** Each call has a text of its own: the token of its session, by which answers are told apart, and its number. */
const OWN_TEXT = '{{session}} {{n}}';
/** How long it is when it is filled in, at least and at most. */
const OWN_TEXT_LENGTHS = { least: 16, most: 64 };
/** Names of arguments that may be any text. Names of files, addresses and queries cannot be made up. */
const NAMES_OF_FREE_TEXT = ['text', 'message', 'input', 'value', 'content'];

export interface FilledArguments {
  readonly arguments: Fields;
  /** `text`: one of them is the text of the call. */
  readonly kind: 'none' | 'text' | 'from the schema';
}

/**
 * The arguments that a tool needs, each a value that its schema gives.
 * @returns the name of an argument that would have to be made up, if there is one
 */
export function filledArguments(inputSchema: unknown): FilledArguments | string {
  const schema = new SchemaView(inputSchema);
  const filled: [name: string, value: unknown][] = [];
  for (const name of schema.required) {
    const value = givenValue(name, schema.properties.get(name) ?? new SchemaView({}));
    if (value === undefined) return name;
    filled.push([name, value]);
  }
  const hasText = filled.some(([, value]) => value === OWN_TEXT);
  const kind = filled.length === 0 ? 'none' : hasText ? 'text' : 'from the schema';
  return { arguments: Object.fromEntries(filled), kind };
}

/** The same with values that are made up where the schema gives none, for a person to correct. */
export function suggestedArguments(inputSchema: unknown): Fields {
  const schema = new SchemaView(inputSchema);
  return Object.fromEntries(
    schema.required.map((name) => {
      const property = schema.properties.get(name) ?? new SchemaView({});
      return [name, givenValue(name, property) ?? madeUpValue(property)];
    }),
  );
}

function givenValue(name: string, schema: SchemaView): unknown {
  const examples = schema.keyword('examples');
  const listed = [schema.preset, schema.values?.[0], ...(Array.isArray(examples) ? examples : [])];
  const [value] = listed.filter((each) => each !== undefined);
  if (value !== undefined) return value;
  const { types } = schema;
  if (types.has('boolean')) return false;
  if (types.has('null')) return null;
  if (types.has('integer') || types.has('number')) return leastNumber(schema);
  return types.has('string') && NAMES_OF_FREE_TEXT.includes(name.toLowerCase()) && isFreeText(schema)
    ? OWN_TEXT
    : undefined;
}

function leastNumber(schema: SchemaView): number | undefined {
  const minimum = schema.keyword('minimum');
  // The least number that can be told from its neighbours says nothing about the argument.
  if (typeof minimum !== 'number' || Math.abs(minimum) >= Number.MAX_SAFE_INTEGER) return undefined;
  return schema.types.has('integer') ? Math.ceil(minimum) : minimum;
}

function isFreeText(schema: SchemaView): boolean {
  const { least, most } = OWN_TEXT_LENGTHS;
  const [minLength, maxLength] = [schema.keyword('minLength') ?? 0, schema.keyword('maxLength') ?? most];
  const isBound = ['pattern', 'format', 'contentEncoding', 'contentMediaType', 'not'].some(
    (keyword) => schema.keyword(keyword) !== undefined,
  );
  return !isBound && Number(minLength) <= least && Number(maxLength) >= most;
}

function madeUpValue({ types }: SchemaView): unknown {
  if (types.has('integer') || types.has('number')) return 1;
  if (types.has('array')) return [];
  return types.has('object') ? {} : OWN_TEXT;
}
