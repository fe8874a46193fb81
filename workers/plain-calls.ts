/**
 * Which tool calls and results are so plain that the SDK's schemas would make equal copies of them: they pass after a look
 * at their few keys. zod would build three copies in a call.
 *
 * A test sends the same values both ways.
 */
import { RELATED_TASK_META_KEY } from '@modelcontextprotocol/sdk/types.js';

export interface PlainCall {
  readonly method: 'tools/call';
  readonly params: {
    readonly name: string;
    readonly arguments?: Record<string, unknown>;
    readonly _meta?: Record<string, unknown>;
  };
}

/**
 * @param value read from JSON.
 * @returns what the SDK's `CallToolRequestSchema` makes of a plain call, `undefined` for any other value.
 */
export function plainCall(value: unknown): PlainCall | undefined {
  if (!isPlainObject(value)) return undefined;
  const { method, params } = value;
  if (method !== 'tools/call' || !isPlainObject(params) || typeof params.name !== 'string') return undefined;
  for (const key in params) {
    if (key === 'name') continue;
    const part = params[key];
    if (!isPlainObject(part) || Object.hasOwn(part, '__proto__')) return undefined;
    if (key === '_meta' ? !isPlainMeta(part) : key !== 'arguments') return undefined;
  }
  return { method, params: params as PlainCall['params'] };
}

function isPlainMeta(meta: Record<string, unknown>): boolean {
  const { progressToken } = meta;
  const known =
    progressToken === undefined || typeof progressToken === 'string' || Number.isSafeInteger(progressToken);
  // A request that belongs to a task goes through zod.
  return known && meta[RELATED_TASK_META_KEY] === undefined;
}

/** In the order in which zod writes them, so that the JSON is the same to the letter. */
const RESULT_KEYS = ['content', 'structuredContent', 'isError'];

/** @returns `value` where the SDK's `CallToolResultSchema` would make an equal one of it, otherwise `undefined`. */
export function plainResult(value: unknown): Record<string, unknown> | undefined {
  if (!isPlainObject(value)) return undefined;
  let last = -1;
  for (const key in value) {
    const position = RESULT_KEYS.indexOf(key);
    // zod puts a content that is missing in the first place.
    if (position <= last || (last === -1 && position !== 0)) return undefined;
    last = position;
  }
  if (last === -1 || !isPlainContent(value.content)) return undefined;
  const { structuredContent, isError } = value;
  if (isError !== undefined && typeof isError !== 'boolean') return undefined;
  return structuredContent === undefined || isPlainRecord(structuredContent) ? value : undefined;
}

function isPlainContent(content: unknown): boolean {
  if (!Array.isArray(content) || Object.getPrototypeOf(content) !== Array.prototype) return false;
  for (const item of content) {
    if (!isPlainObject(item) || item.type !== 'text' || typeof item.text !== 'string') return false;
    const keys = Object.keys(item);
    if (keys.length !== 2 || keys[0] !== 'type') return false;
  }
  return true;
}

/** zod copies what is enumerable, leaves `__proto__` out and refuses symbols. */
function isPlainRecord(value: unknown): boolean {
  if (!isPlainObject(value) || Object.hasOwn(value, '__proto__')) return false;
  return Reflect.ownKeys(value).length === Object.keys(value).length;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
