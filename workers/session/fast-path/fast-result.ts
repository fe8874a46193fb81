/**
 * Recognises results of tools that are so simple that the SDK's schema would make an equal copy of them. They are sent
 * after a check of their few keys. A test sends the same values both ways.
 */
import { checkedResult } from '../sdk1/tool-call.js';

const { getPrototypeOf, prototype: PLAIN } = Object;

/** In the order in which zod writes them, so that the JSON is exactly the same. */
const RESULT_KEYS = ['content', 'structuredContent', 'isError'];

/**
 * What the specification defines as a tool's result, as in `checkedResult`.
 * @throws {McpError} -32603
 */
export function checkedFastResult(result: unknown): ReturnType<typeof checkedResult> {
  return fastResult(result) ?? checkedResult(result);
}

/** @returns `value` if the SDK's `CallToolResultSchema` would make an equal copy of it, otherwise `undefined` */
export function fastResult(value: unknown): Record<string, unknown> | undefined {
  if (!isPlainObject(value)) return undefined;
  let last = -1;
  for (const key in value) {
    const position = RESULT_KEYS.indexOf(key);
    // If `content` is missing, zod adds it in the first place.
    if (position <= last || (last === -1 && position !== 0)) return undefined;
    last = position;
  }
  if (last === -1 || !isTextContent(value.content)) return undefined;
  const { structuredContent, isError } = value;
  if (isError !== undefined && typeof isError !== 'boolean') return undefined;
  return structuredContent === undefined || isPlainRecord(structuredContent) ? value : undefined;
}

function isTextContent(content: unknown): boolean {
  if (!Array.isArray(content) || getPrototypeOf(content) !== Array.prototype) return false;
  for (const item of content) {
    if (!isPlainObject(item) || item.type !== 'text' || typeof item.text !== 'string') return false;
    const keys = Object.keys(item);
    if (keys.length !== 2 || keys[0] !== 'type') return false;
  }
  return true;
}

/** zod copies enumerable members, leaves out `__proto__` and refuses symbols. */
function isPlainRecord(value: unknown): boolean {
  if (!isPlainObject(value) || Object.hasOwn(value, '__proto__')) return false;
  return Reflect.ownKeys(value).length === Object.keys(value).length;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && getPrototypeOf(value) === PLAIN;
}
