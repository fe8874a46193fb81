/** What a server's lists said when it was tried out, so that two versions of it can be compared. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../shared/canonical-json.js';
import { LIST_KINDS, LIST_METHODS, type ListKind } from '../shared/list-methods.js';

/** By method, for the lists that the server has; `undefined` if it did not answer in time. */
export type ListDigests = ReadonlyMap<string, string | undefined>;

/** @param answer the whole answer, with all members whose change clients should see */
export function listDigest(answer: unknown): string {
  return createHash('sha256').update(canonicalJson(answer)).digest('base64url');
}

/**
 * The kinds of lists that differ, or may.
 * @param one `undefined`: nothing is known of it, so every list may differ
 */
export function differentKinds(one: ListDigests | undefined, other: ListDigests): readonly ListKind[] {
  if (one === undefined) return LIST_KINDS;
  const differs = (method: string): boolean => {
    if (!one.has(method) && !other.has(method)) return false;
    const digest = one.get(method);
    return digest === undefined || digest !== other.get(method);
  };
  return LIST_KINDS.filter((kind) => LIST_METHODS[kind].some(differs));
}
