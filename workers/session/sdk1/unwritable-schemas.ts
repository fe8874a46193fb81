/**
 * Says which tool, and which of its fields, has a schema that JSON Schema cannot express (such as a date). zod's own
 * message names neither, and a server may have forty tools.
 */
import type { RegisteredTool } from '@modelcontextprotocol/sdk/server/mcp.js';
import {
  type AnySchema,
  getObjectShape,
  normalizeObjectSchema,
} from '@modelcontextprotocol/sdk/server/zod-compat.js';
import { toJsonSchemaCompat } from '@modelcontextprotocol/sdk/server/zod-json-schema-compat.js';
import { messageOf } from '../../../src/shared/errors.js';

const DIRECTIONS = [
  ['inputSchema', 'input'],
  ['outputSchema', 'output'],
] as const;

/** How deep a field is searched; below that, its parent is named. */
const MAX_DEPTH = 8;

type Pipe = 'input' | 'output';

/** @returns a sentence; `undefined` if all tools' schemas can be written */
export function unwritableSchema(tools: Readonly<Record<string, RegisteredTool>>): string | undefined {
  for (const [name, tool] of Object.entries(tools)) {
    if (!tool.enabled) continue;
    for (const [member, pipe] of DIRECTIONS) {
      const schema = normalizeObjectSchema(tool[member]);
      const problem = schema && problemOf(schema, pipe);
      if (problem === undefined) continue;
      const path = fieldPath(schema as AnySchema, pipe, 0);
      const where = path === '' ? member : `${member}, field "${path}"`;
      return (
        `the tool "${name}" has a schema that JSON Schema cannot express (${where}): ${problem}; ` +
        'use a type that JSON has, such as a string for a date'
      );
    }
  }
  return undefined;
}

function problemOf(schema: AnySchema, pipe: Pipe): string | undefined {
  try {
    toJsonSchemaCompat(schema as Parameters<typeof toJsonSchemaCompat>[0], {
      strictUnions: true,
      pipeStrategy: pipe,
    });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** The path of the innermost field that cannot be written. */
function fieldPath(schema: AnySchema, pipe: Pipe, depth: number): string {
  if (depth === MAX_DEPTH) return '';
  for (const [key, field] of partsOf(schema)) {
    if (problemOf(field, pipe) === undefined) continue;
    const rest = fieldPath(field, pipe, depth + 1);
    return rest === '' || key === '' ? key + rest : `${key}${rest.startsWith('[') ? '' : '.'}${rest}`;
  }
  return '';
}

/** The definitions of zod 4 that contain other schemas. zod 3 can write everything. */
interface Definition {
  readonly innerType?: AnySchema;
  readonly element?: AnySchema;
  readonly valueType?: AnySchema;
  readonly options?: readonly AnySchema[];
  readonly items?: readonly AnySchema[];
}

function partsOf(schema: AnySchema): [key: string, part: AnySchema][] {
  const shape = getObjectShape(schema as Parameters<typeof getObjectShape>[0]);
  if (shape !== undefined) return Object.entries(shape) as [string, AnySchema][];
  const {
    innerType,
    element,
    valueType,
    options = [],
    items = [],
  } = (schema as { readonly _zod?: { readonly def?: Definition } })._zod?.def ?? {};
  const parts: [string, AnySchema][] = [];
  if (innerType !== undefined) parts.push(['', innerType]);
  if (element !== undefined) parts.push(['[]', element]);
  if (valueType !== undefined) parts.push(['[]', valueType]);
  for (const option of options) parts.push(['', option]);
  for (const [index, item] of items.entries()) parts.push([`[${index}]`, item]);
  return parts;
}
