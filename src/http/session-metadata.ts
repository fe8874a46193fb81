/**
 * What a programmer's `metadata` function adds to a session's context. It runs on the main thread with what a client sent, so
 * whatever it throws or gives back must cost that one request and nothing else.
 */
import type { IncomingMessage } from 'node:http';
import { messageOf } from '../shared/errors.js';
import type { SessionContext } from '../shared/session-context.js';
import { MAX_JSON_DEPTH } from './json-depth.js';

export type MetadataHook = (request: IncomingMessage) => Readonly<Record<string, unknown>>;

/**
 * A copy of what the function gives back: plain data that a thread, a log and `/sessions` can all be handed.
 * @throws {Error} with a sentence for the log when it throws, or gives back anything else.
 */
export function readMetadata(hook: MetadataHook, request: IncomingMessage): SessionContext['metadata'] {
  let copy: unknown;
  try {
    const given: unknown = hook(request);
    if (given === undefined) return {};
    if (given instanceof Promise) {
      // Nobody will wait for it, and its failure must not end the process.
      given.catch(() => {});
      throw new Error('it gave back a promise, but must give back its data at once');
    }
    copy = structuredClone(given);
  } catch (error) {
    throw new Error(`createGateway's metadata function failed: ${messageOf(error)}`, { cause: error });
  }
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) {
    throw new Error("createGateway's metadata function must give back an object");
  }
  if (nestsDeeper(copy, MAX_JSON_DEPTH)) {
    const limit = `more than ${MAX_JSON_DEPTH} levels deep, or in a circle`;
    throw new Error(`createGateway's metadata function gave back data that nests ${limit}`);
  }
  return copy as Record<string, unknown>;
}

/** Level by level, so that nothing recurses; what is in a circle never comes to its last level. */
function nestsDeeper(root: object, limit: number): boolean {
  let level = new Set<object>([root]);
  for (let depth = 1; level.size > 0; depth += 1) {
    if (depth > limit) return true;
    const next = new Set<object>();
    for (const parent of level) {
      for (const child of children(parent)) if (typeof child === 'object' && child !== null) next.add(child);
    }
    level = next;
  }
  return false;
}

function children(parent: object): Iterable<unknown> {
  if (ArrayBuffer.isView(parent)) return [];
  if (parent instanceof Map) return [...parent.keys(), ...parent.values()];
  if (parent instanceof Set) return parent;
  return Object.values(parent);
}
