/**
 * Which tool calls are so plain that the SDK's schema for them would make an equal copy: nearly all. A session's thread serves
 * them past the SDK's protocol layer, and need not look again. Here the code is hot; in a thread it is not.
 *
 * A test sends the same values through the schema.
 */
import { RELATED_TASK_META_KEY } from '@modelcontextprotocol/sdk/types.js';

type Fields = Readonly<Record<string, unknown>>;

/** @param params read from JSON, with a `_meta` that has been checked. */
export function isPlainCall(method: string, params: Fields | undefined): boolean {
  if (method !== 'tools/call' || typeof params?.name !== 'string') return false;
  for (const key in params) {
    if (key === 'name') continue;
    const part = params[key];
    // The schema leaves a member of this name out.
    if (!isFields(part) || Object.hasOwn(part, '__proto__')) return false;
    // A request that belongs to a task goes through the schema.
    if (key === '_meta' ? part[RELATED_TASK_META_KEY] !== undefined : key !== 'arguments') return false;
  }
  return true;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
