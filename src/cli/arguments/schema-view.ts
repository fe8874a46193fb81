/** What an input schema says about arguments, as far as a command line needs it; the server checks the rest. */
import { type Fields, isFields } from '../../shared/fields.js';

/** A chain of references that is longer ends in nothing. */
const MAX_REFERENCES = 32;

const TYPES = ['string', 'number', 'integer', 'boolean', 'null', 'array', 'object'] as const;
export type TypeName = (typeof TYPES)[number];

/** One schema with the whole that its `$ref`s point into. */
export class SchemaView {
  readonly #root: unknown;
  readonly #schema: Fields;
  /** It, its alternatives and the parts that it is composed of, theirs included. */
  readonly #parts: readonly Fields[];

  constructor(schema: unknown, root: unknown = schema) {
    this.#root = root;
    this.#schema = dereferenced(schema, root);
    this.#parts = partsOf(this.#schema, ['allOf', 'anyOf', 'oneOf'], root);
  }

  /** The properties by their names. */
  get properties(): ReadonlyMap<string, SchemaView> {
    const found = new Map<string, SchemaView>();
    for (const { properties } of this.#parts) {
      for (const [name, schema] of isFields(properties) ? Object.entries(properties) : []) {
        if (!found.has(name)) found.set(name, this.#inner(schema));
      }
    }
    return found;
  }

  /** The names of the properties that it needs, whatever the alternative. */
  get required(): readonly string[] {
    const parts = partsOf(this.#schema, ['allOf'], this.#root);
    const names = parts.flatMap(({ required }) => (Array.isArray(required) ? (required as unknown[]) : []));
    return [...new Set(names.filter((name) => typeof name === 'string'))];
  }

  /** Whether it says that names are possible which it does not list. */
  get isOpen(): boolean {
    return this.#parts.some(({ additionalProperties, patternProperties }) => {
      return (
        additionalProperties === true || isFields(additionalProperties) || patternProperties !== undefined
      );
    });
  }

  /** The types that a value may have; empty: it does not say. */
  get types(): ReadonlySet<TypeName> {
    const own = typesOf(this.#schema);
    return new Set(own.length > 0 ? own : this.#parts.flatMap(typesOf));
  }

  /** The only values that it allows, if it lists them. */
  get values(): readonly unknown[] | undefined {
    return valuesOf(this.#schema);
  }

  /** What the items of an array are. */
  get items(): SchemaView {
    return this.#inner(this.#parts.find(({ items }) => items !== undefined)?.items);
  }

  get description(): string | undefined {
    const { description, title } = this.#schema;
    const own = typeof description === 'string' ? description : title;
    return typeof own === 'string' ? own : undefined;
  }

  /** `undefined` if there is none. */
  get preset(): unknown {
    return this.#schema.default;
  }

  /** Its type in words: `string`, `integer or null`, `"red" or "green"`, `array of string`. */
  get typeText(): string {
    const { values } = this;
    if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(' or ');
    const types = [...this.types].map((type) => {
      const ofItems = type === 'array' ? [...this.items.types] : [];
      return ofItems.length === 0 ? type : `array of ${ofItems.join(' or ')}`;
    });
    return types.join(' or ') || 'any value';
  }

  /** What the schema itself has under a keyword, such as `minimum`; `undefined` if it does not have it. */
  keyword(name: string): unknown {
    return this.#schema[name];
  }

  #inner(schema: unknown): SchemaView {
    return new SchemaView(schema, this.#root);
  }
}

/** The schema and those below these keywords, each once: a schema may contain itself. */
function partsOf(schema: Fields, keywords: readonly string[], root: unknown): Fields[] {
  const parts = new Set([schema]);
  for (const part of parts) {
    for (const keyword of keywords) {
      const inner = part[keyword];
      if (Array.isArray(inner)) for (const one of inner) parts.add(dereferenced(one, root));
    }
  }
  return [...parts];
}

function typesOf(schema: Fields): TypeName[] {
  const named = [schema.type].flat().filter((one) => TYPES.some((known) => known === one)) as TypeName[];
  if (named.length > 0) return named;
  const values = valuesOf(schema);
  if (values !== undefined) return values.map(typeOf);
  return [
    ...(schema.properties === undefined ? [] : ['object' as const]),
    ...(schema.items === undefined ? [] : ['array' as const]),
  ];
}

function valuesOf({ enum: listed, const: only }: Fields): readonly unknown[] | undefined {
  if (Array.isArray(listed)) return listed;
  return only === undefined ? undefined : [only];
}

/** Follows `$ref`s within the same schema. */
function dereferenced(schema: unknown, root: unknown): Fields {
  let current = schema;
  for (let steps = 0; isFields(current) && typeof current.$ref === 'string'; steps++) {
    if (steps === MAX_REFERENCES || !/^#(?:\/|$)/.test(current.$ref)) return {};
    current = target(current.$ref, root);
  }
  return isFields(current) ? current : {};
}

/** A JSON Pointer in a fragment (RFC 6901, section 6). */
function target(pointer: string, root: unknown): unknown {
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    value = isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

function typeOf(value: unknown): TypeName {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const type = typeof value;
  return type === 'string' || type === 'number' || type === 'boolean' ? type : 'object';
}
