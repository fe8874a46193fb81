/** A message with another id, and otherwise as it was written. */

import { membersOf } from '../src/shared/json-members.js';
import type { RequestId } from '../src/shared/request-id.js';

/** The text of a message before and after its id. */
export interface AroundId {
  readonly before: string;
  readonly after: string;
}

/** @param text a message that has an id, as JSON */
export function withId(text: string, id: RequestId): string {
  const { before, after } = aroundId(text);
  return `${before}${JSON.stringify(id)}${after}`;
}

/**
 * @param text a message that has an id, as JSON
 * @throws {Error} if it has none
 */
export function aroundId(text: string): AroundId {
  let found: AroundId | undefined;
  for (const { name, start, end } of membersOf(text)) {
    // Of a name that is there twice, the last one counts.
    if (name === 'id') found = { before: text.slice(0, start), after: text.slice(end) };
  }
  if (found === undefined) throw new Error('the message has no id');
  return found;
}
