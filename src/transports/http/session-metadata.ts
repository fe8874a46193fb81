/**
 * What the `metadata` function of an embedding program adds to a session's context. It runs on the main thread with
 * data from a client, so whatever it throws or returns must affect only that request.
 */
import type { IncomingMessage } from 'node:http';
import { messageOf } from '../../shared/errors.js';
import { MAX_JSON_DEPTH } from '../../shared/json-depth.js';
import type { SessionContext } from '../../shared/session-context.js';

/** Each session keeps its own metadata, and `/sessions` shows all of it. */
const MAX_OBJECTS = 10_000;

/** `undefined`: nothing. */
export type MetadataHook = (request: IncomingMessage) => Readonly<Record<string, unknown>> | undefined;

/**
 * A copy of what the function returns: plain data that can be passed to a thread, a log and `/sessions`.
 * @throws {Error} with a sentence for the log, if the function throws or returns anything else
 */
export function readMetadata(hook: MetadataHook, request: IncomingMessage): SessionContext['metadata'] {
  let copy: unknown;
  try {
    const given: unknown = hook(request);
    if (given === undefined) return {};
    if (given instanceof Promise) {
      // Nobody waits for it, and its failure must not end the process.
      given.catch(() => {});
      throw new Error('it returned a promise, but must return its data directly');
    }
    copy = structuredClone(given);
  } catch (error) {
    throw new Error(`createGateway's metadata function failed: ${messageOf(error)}`, { cause: error });
  }
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) {
    throw new Error("createGateway's metadata function must return an object");
  }
  const tooMuch = excess(copy);
  if (tooMuch !== undefined) throw new Error(`createGateway's metadata function returned ${tooMuch}`);
  return copy as Record<string, unknown>;
}

/**
 * Goes level by level, so that nothing recurses; a circle never ends, and exceeds the maximum depth. An object that
 * appears several times counts each time, because it is written each time.
 */
function excess(root: object): string | undefined {
  let level = new Map<object, number>([[root, 1]]);
  let objects = 0;
  for (let depth = 1; level.size > 0; depth += 1) {
    if (depth > MAX_JSON_DEPTH)
      return `data that nests more than ${MAX_JSON_DEPTH} levels deep, or in a circle`;
    const next = new Map<object, number>();
    for (const [parent, times] of level) {
      objects += times;
      if (objects > MAX_OBJECTS) return `more than ${MAX_OBJECTS} objects`;
      for (const child of children(parent)) {
        if (typeof child === 'object' && child !== null) next.set(child, (next.get(child) ?? 0) + times);
      }
    }
    level = next;
  }
  return undefined;
}

function children(parent: object): Iterable<unknown> {
  if (ArrayBuffer.isView(parent)) return [];
  if (parent instanceof Map) return [...parent.keys(), ...parent.values()];
  if (parent instanceof Set) return parent;
  return Object.values(parent);
}
