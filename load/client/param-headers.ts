/** Arguments of tools that a client repeats in headers (2026-07-28, Tools, "`x-mcp-header`"). */
import { LoadFailure } from './failure-kind.js';
import { headerText } from './header-text.js';

/** One argument that is repeated in the header `Mcp-Param-<name>`. */
export interface ParamHeader {
  readonly name: string;
  /** Where it is in the arguments, from the outermost property. */
  readonly path: readonly string[];
}

const ANNOTATION = 'x-mcp-header';
/** `tchar` of RFC 9110. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TYPES: readonly unknown[] = ['string', 'integer', 'boolean'];
/** Schemas are not followed further than this. */
const MAX_DEPTH = 64;

/**
 * The annotated arguments of a tool.
 * @throws {LoadFailure} if an annotation is not allowed; a client must not use such a tool
 */
export function paramHeaders(inputSchema: unknown): readonly ParamHeader[] {
  const found = new Map<string, ParamHeader>();
  const visit = (schema: unknown, path: readonly string[]): void => {
    const properties = (schema as { properties?: unknown } | null)?.properties;
    if (typeof properties !== 'object' || properties === null || path.length >= MAX_DEPTH) return;
    for (const [key, property] of Object.entries(properties)) {
      if (typeof property !== 'object' || property === null) continue;
      const inner = [...path, key];
      if (ANNOTATION in property) add(found, property, inner);
      visit(property, inner);
    }
  };
  visit(inputSchema, []);
  return [...found.values()];
}

function add(found: Map<string, ParamHeader>, property: object, path: readonly string[]): void {
  const { [ANNOTATION]: name, type } = property as { [ANNOTATION]: unknown; type?: unknown };
  const where = `${ANNOTATION} of ${path.join('.')}`;
  if (typeof name !== 'string' || !TOKEN.test(name)) {
    throw new LoadFailure('invalid', `${where} is ${JSON.stringify(name)}, which is no name of a header`);
  }
  if (!TYPES.includes(type)) {
    throw new LoadFailure('invalid', `${where} is on a property that is no string, integer or boolean`);
  }
  if (found.has(name.toLowerCase())) {
    throw new LoadFailure('invalid', `${where} is ${JSON.stringify(name)}, which another property has too`);
  }
  found.set(name.toLowerCase(), { name, path });
}

/** The headers for these arguments; one that is absent or null has none. */
export function paramHeaderValues(
  marked: readonly ParamHeader[],
  toolArguments: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { name, path } of marked) {
    let value: unknown = toolArguments;
    for (const key of path) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[key];
    if (value === undefined || value === null) continue;
    headers[`mcp-param-${name.toLowerCase()}`] = headerText(String(value));
  }
  return headers;
}
