/**
 * Checks a call's arguments without zod if the tool's input schema is very simple. Most are: an object of strings,
 * numbers, booleans and enums, some of them optional. Arguments that do not fit go to zod, which finds the words for
 * the error. zod visits so many objects for one string that in a cold thread (one of 64 that take turns) it takes a
 * third of a call's processor time.
 *
 * A test gives the same values to both.
 */
import { isPlainObject } from './fast-result.js';

/** @returns what zod would return for the value; `undefined` if zod has to check it */
export type FastCheck = (value: unknown) => Record<string, unknown> | undefined;

/** The parts of zod 4's definitions that matter here. All its copies and variants have them. */
interface Definition {
  readonly type: string;
  readonly checks?: readonly unknown[];
  readonly coerce?: boolean;
  readonly format?: string;
  readonly catchall?: unknown;
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly innerType?: unknown;
  readonly entries?: Readonly<Record<string, unknown>>;
}

interface Field {
  readonly key: string;
  readonly optional: boolean;
  readonly fits: (value: unknown) => boolean;
}

const checks = new WeakMap<object, FastCheck>();

/** @returns what zod would return for the value; `undefined` if zod has to check it */
export function fastArguments(schema: object, value: unknown): Record<string, unknown> | undefined {
  let check = checks.get(schema);
  if (check === undefined) {
    check = fastCheck(schema);
    checks.set(schema, check);
  }
  return check(value);
}

/** @param schema a schema of any library: unless it is a simple object of zod 4, the check accepts nothing */
export function fastCheck(schema: unknown): FastCheck {
  const fields = fieldsOf(definitionOf(schema));
  if (fields === undefined) return () => undefined;
  return (value) => {
    if (!isPlainObject(value)) return undefined;
    const taken: Record<string, unknown> = {};
    for (const { key, optional, fits } of fields) {
      const field = value[key];
      if (field === undefined) {
        // A member that exists without a value is kept.
        if (!optional || key in value) return undefined;
        continue;
      }
      if (!fits(field)) return undefined;
      taken[key] = field;
    }
    return taken;
  };
}

function fieldsOf(definition: Definition | undefined): readonly Field[] | undefined {
  // `strict` and `loose` set a catchall; refinements are checks.
  if (definition?.type !== 'object' || definition.catchall !== undefined || !unchecked(definition))
    return undefined;
  const fields: Field[] = [];
  for (const [key, schema] of Object.entries(definition.shape ?? {})) {
    const field = fieldOf(key, definitionOf(schema));
    if (field === undefined) return undefined;
    fields.push(field);
  }
  return fields;
}

function fieldOf(key: string, definition: Definition | undefined): Field | undefined {
  const optional = definition?.type === 'optional';
  const inner = optional ? definitionOf(definition.innerType) : definition;
  const fits = inner === undefined || !unchecked(inner) ? undefined : fitting(inner);
  return key === '__proto__' || fits === undefined ? undefined : { key, optional, fits };
}

function fitting({ type, entries = {} }: Definition): Field['fits'] | undefined {
  switch (type) {
    case 'string':
      return (value) => typeof value === 'string';
    case 'number':
      return (value) => Number.isFinite(value);
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'enum': {
      const choices = new Set(Object.values(entries));
      // TypeScript's enums of numbers have their names among the values.
      return Object.values(entries).every((choice) => typeof choice === 'string')
        ? (value) => choices.has(value)
        : undefined;
    }
    default:
      return undefined;
  }
}

function unchecked({ checks = [], coerce, format }: Definition): boolean {
  return checks.length === 0 && coerce !== true && format === undefined;
}

function definitionOf(schema: unknown): Definition | undefined {
  return (schema as { readonly _zod?: { readonly def?: Definition } } | undefined)?._zod?.def;
}
