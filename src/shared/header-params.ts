/**
 * Arguments of tools that their callers repeat in headers, so that proxies can route a call without its body (2026-07-28,
 * Streamable HTTP, "Custom Headers from Tool Parameters"): a property of the input schema that is annotated with
 * `x-mcp-header`. A client ignores a tool of which any annotation is not valid.
 */
import { type Fields, isFields } from './fields.js';

export const HEADER_ANNOTATION = 'x-mcp-header';

/** One annotated property. */
export interface HeaderParam {
  /** `mcp-param-` and the annotation, in lower case. */
  readonly header: string;
  /** The names of the properties that lead to the value, from the arguments on. */
  readonly path: readonly string[];
  readonly type: 'string' | 'integer' | 'boolean';
}

/** The annotated properties of a tool, all of them valid. */
interface ToolHeaderParams {
  readonly tool: string;
  readonly params: readonly HeaderParam[];
}

/** A tool that clients ignore, or of which the gateway's own tools and arguments hide something. */
export interface InvalidHeaderParams {
  readonly tool: string;
  /** Where the annotation is, such as `properties.region`; empty: at the schema itself. */
  readonly property: string;
  /** What is wrong with the annotation; if `hidden`, what clients cannot do, from the verb on. */
  readonly wrong: string;
  readonly hidden?: true;
}

/** Of all tools in a list that have annotations. */
export interface HeaderAnnotations {
  readonly valid: readonly ToolHeaderParams[];
  readonly invalid: readonly InvalidHeaderParams[];
}

/** Levels of a schema that are looked at. */
const MAX_DEPTH = 32;
/** Schemas in a tool's schema that are looked at. */
const MAX_SCHEMAS = 10_000;
/** What is kept of all tools of a list: the names of headers and of properties. What is more is not known. */
const MAX_CHARS = 128 * 1024;
/** What `hiddenByHandles` may add to that. */
const MAX_HIDDEN_CHARS = 16 * 1024;
const MAX_TOOL_NAME_CHARS = 128;

const PREFIX = 'mcp-param-';
/** RFC 9110, section 5.6.2 */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TYPES: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean']);

/** Keywords whose value is a schema, or a list of them (JSON Schema 2020-12 and draft 7). */
const SCHEMAS = [
  'additionalItems',
  'additionalProperties',
  'allOf',
  'anyOf',
  'contains',
  'contentSchema',
  'else',
  'if',
  'items',
  'not',
  'oneOf',
  'prefixItems',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
];
/** Keywords whose value is an object of schemas. */
const NAMED_SCHEMAS = [
  'properties',
  '$defs',
  'definitions',
  'dependencies',
  'dependentSchemas',
  'patternProperties',
];

/** @param tools as `tools/list` returns them */
export function headerAnnotations(tools: unknown): HeaderAnnotations {
  const valid: ToolHeaderParams[] = [];
  const invalid: InvalidHeaderParams[] = [];
  let chars = 0;
  for (const item of Array.isArray(tools) ? (tools as readonly unknown[]) : []) {
    if (!isFields(item)) continue;
    const { name: tool, inputSchema } = item;
    if (typeof tool !== 'string' || tool.length > MAX_TOOL_NAME_CHARS) continue;
    const found = headerParamsOf(inputSchema);
    if (found === undefined) continue;
    chars += tool.length + charsOf(found);
    if (chars > MAX_CHARS) break;
    if ('wrong' in found) invalid.push({ tool, ...found });
    else valid.push({ tool, params: found });
  }
  return { valid, invalid };
}

/** Whether it was made by `headerAnnotations`, as far as its parts and their size show. */
export function isHeaderAnnotations(value: unknown): value is HeaderAnnotations {
  if (!isFields(value)) return false;
  const { valid, invalid } = value;
  if (!Array.isArray(valid) || !Array.isArray(invalid)) return false;
  if (!valid.every(isToolHeaderParams) || !invalid.every(isInvalidHeaderParams)) return false;
  const all = [...valid.map(({ tool, params }) => tool.length + charsOf(params))];
  for (const found of invalid) all.push(found.tool.length + charsOf(found));
  return all.reduce((sum, chars) => sum + chars, 0) <= MAX_CHARS + MAX_HIDDEN_CHARS;
}

type Fault = Omit<InvalidHeaderParams, 'tool'>;

/** A schema that has to be looked at, and the way to it. */
interface Place {
  readonly schema: unknown;
  readonly parent: Place | undefined;
  /** The keyword that holds it. */
  readonly keyword: string;
  /** Its name or index there. */
  readonly name: string | number | undefined;
  readonly depth: number;
}

/** Goes through all of a schema, level by level. `undefined`: nothing is annotated. */
export function headerParamsOf(inputSchema: unknown): readonly HeaderParam[] | Fault | undefined {
  const params = new Map<string, HeaderParam>();
  const places: Place[] = [
    { schema: inputSchema, parent: undefined, keyword: '', name: undefined, depth: 0 },
  ];
  for (const place of places) {
    const { schema, depth } = place;
    if (!isFields(schema)) continue;
    if (Object.hasOwn(schema, HEADER_ANNOTATION)) {
      const { type, [HEADER_ANNOTATION]: name } = schema;
      const path = pathOf(place);
      const header = PREFIX + String(name).toLowerCase();
      const wrong = annotationFault(name, type, path) ?? (params.has(header) ? twice(header) : undefined);
      if (wrong !== undefined) return { property: whereIs(place), wrong };
      params.set(header, { header, path, type: type as HeaderParam['type'] });
    }
    if (depth < MAX_DEPTH) addSchemasIn(schema, place, places);
  }
  return params.size === 0 ? undefined : [...params.values()];
}

/** The names of the properties that lead to it; empty if something else leads to it. */
function pathOf(place: Place): string[] {
  const path: string[] = [];
  for (let at = place; at.parent !== undefined; at = at.parent) {
    if (at.keyword !== 'properties') return [];
    path.unshift(String(at.name));
  }
  return path;
}

/** As it would be written to find it in the schema. */
function whereIs(place: Place): string {
  const parts: string[] = [];
  for (let at = place; at.parent !== undefined; at = at.parent)
    parts.unshift(at.name === undefined ? at.keyword : `${at.keyword}.${at.name}`);
  return parts.join('.');
}

function annotationFault(name: unknown, type: unknown, path: readonly string[]): string | undefined {
  if (path.length === 0) return 'only a property that is reached through "properties" alone may be annotated';
  if (typeof name !== 'string' || !TOKEN.test(name))
    return `${JSON.stringify(name)?.slice(0, 100)} cannot be a part of a header's name: it must be letters, digits and !#$%&'*+-.^_\`|~`;
  return TYPES.has(type) ? undefined : 'the type of an annotated property must be string, integer or boolean';
}

function twice(header: string): string {
  return `another property is annotated with the same name, so that both have the header ${header}`;
}

function addSchemasIn(schema: Fields, parent: Place, places: Place[]): void {
  const depth = parent.depth + 1;
  for (const keyword of NAMED_SCHEMAS) {
    const named = schema[keyword];
    if (!isFields(named)) continue;
    for (const name in named) {
      if (places.length >= MAX_SCHEMAS) return;
      places.push({ schema: named[name], parent, keyword, name, depth });
    }
  }
  for (const keyword of SCHEMAS) {
    const value = schema[keyword];
    if (value === undefined) continue;
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const [index, one] of list.entries()) {
      if (places.length >= MAX_SCHEMAS) return;
      places.push({ schema: one, parent, keyword, name: Array.isArray(value) ? index : undefined, depth });
    }
  }
}

function charsOf(found: readonly HeaderParam[] | Fault): number {
  if ('wrong' in found) return found.property.length + found.wrong.length;
  return found.reduce((sum, { header, path }) => sum + header.length + path.join().length, 0);
}

function isToolHeaderParams(value: unknown): value is ToolHeaderParams {
  return (
    isFields(value) &&
    typeof value.tool === 'string' &&
    Array.isArray(value.params) &&
    value.params.every(isHeaderParam)
  );
}

function isHeaderParam(value: unknown): value is HeaderParam {
  if (!isFields(value)) return false;
  const { header, path, type } = value;
  const named = typeof header === 'string' && header.startsWith(PREFIX) && TOKEN.test(header);
  return named && TYPES.has(type) && Array.isArray(path) && path.every((name) => typeof name === 'string');
}

function isInvalidHeaderParams(value: unknown): value is InvalidHeaderParams {
  if (!isFields(value) || !(value.hidden === undefined || value.hidden === true)) return false;
  return [value.tool, value.property, value.wrong].every((text) => typeof text === 'string');
}
