/**
 * A copy of anything that a module logs, as plain data of a bounded size that can cross a port. It never throws: a log
 * call must not fail in a tool. As with `JSON.stringify`, `toJSON` is called, and functions are left out; errors keep
 * their name, message, stack and causes.
 */
import { types } from 'node:util';
import { cut, messageOf } from '../../src/shared/errors.js';
import { type Fields, isFields } from '../../src/shared/fields.js';

/** All names and values together. */
const MAX_CHARS = 8192;
const MAX_STACK_CHARS = 4096;
const MAX_DEPTH = 8;
/** Of one object, list, map or set. */
const MAX_ENTRIES = 100;
const CUT = '[…]';

export function plainFields(fields: Fields): Fields {
  try {
    const copied: unknown = new PlainCopy().of(fields, 0);
    return isFields(copied) ? copied : { value: copied };
  } catch (error) {
    // A proxy whose traps throw.
    return { unserializable: cut(messageOf(error), MAX_STACK_CHARS) };
  }
}

class PlainCopy {
  #left = MAX_CHARS;
  /** What is being copied around the current value: what comes again within itself is a circle. */
  readonly #around = new Set<object>();

  of(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return this.#text(value, MAX_CHARS);
      case 'bigint':
        return this.#text(String(value), MAX_STACK_CHARS);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'object':
        return value === null ? null : this.#object(value, depth);
      case 'boolean':
        return value;
      default:
        return undefined;
    }
  }

  #object(value: object, depth: number): unknown {
    if (this.#around.has(value)) return '[circular]';
    if (depth > MAX_DEPTH || this.#left <= 0) return CUT;
    this.#around.add(value);
    try {
      return this.#contents(value, depth + 1);
    } finally {
      this.#around.delete(value);
    }
  }

  #contents(value: object, depth: number): unknown {
    if (isError(value)) return this.#record(entriesOfError(value), depth);
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return `[${value.byteLength} bytes]`;
    const { toJSON } = value as { readonly toJSON?: unknown };
    if (typeof toJSON === 'function') return this.of(toJSON.call(value), depth);
    if (Array.isArray(value)) return this.#list(value, value.length, depth);
    if (types.isSet(value)) return this.#list(value, value.size, depth);
    if (types.isMap(value))
      return this.#record(
        [...value].map(([key, item]) => [String(key), () => item]),
        depth,
      );
    return this.#record(ownEntries(value), depth);
  }

  #list(items: Iterable<unknown>, length: number, depth: number): unknown[] {
    const copied: unknown[] = [];
    for (const item of items) {
      if (copied.length === MAX_ENTRIES || this.#left <= 0) {
        copied.push(`${length - copied.length} more`);
        break;
      }
      // As in JSON, a place in a list is not left out.
      copied.push(this.of(item, depth) ?? null);
    }
    return copied;
  }

  #record(entries: readonly Entry[], depth: number): Record<string, unknown> {
    const copied: Record<string, unknown> = {};
    let count = 0;
    for (const [name, read] of entries) {
      if (count === MAX_ENTRIES || this.#left <= 0) {
        copied[CUT] = `${entries.length - count} more`;
        break;
      }
      count += 1;
      const value = this.#read(read, depth);
      if (value === undefined) continue;
      this.#left -= name.length;
      Object.defineProperty(copied, cut(name, MAX_STACK_CHARS), {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return copied;
  }

  #read(read: () => unknown, depth: number): unknown {
    try {
      return this.of(read(), depth);
    } catch (error) {
      return this.#text(`[${messageOf(error)}]`, MAX_STACK_CHARS);
    }
  }

  #text(text: string, limit: number): string {
    const shown = cut(text, Math.max(0, Math.min(limit, this.#left)));
    this.#left -= shown.length;
    return shown;
  }
}

type Entry = readonly [name: string, read: () => unknown];

function ownEntries(value: object): Entry[] {
  return Object.keys(value).map((key) => [key, () => (value as Fields)[key]]);
}

/** What says most comes first, so that it is there if the rest is cut. */
function entriesOfError(error: Error): Entry[] {
  const own = ownEntries(error).filter(([key]) => !OF_ERRORS.has(key));
  const { cause, errors } = error as { readonly cause?: unknown; readonly errors?: unknown };
  return [
    ['name', () => error.name],
    ['message', () => error.message],
    ...own,
    ['stack', () => (typeof error.stack === 'string' ? cut(error.stack, MAX_STACK_CHARS) : undefined)],
    ...(cause === undefined ? [] : [['cause', () => cause] as const]),
    ...(Array.isArray(errors) ? [['errors', () => errors] as const] : []),
  ];
}

const OF_ERRORS: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/** Of this realm, of another one, or made by a constructor that inherits from `Error`. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}
