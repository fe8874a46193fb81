/** A message with another id, and otherwise as it was written. */
import type { RequestId } from '../../src/shared/request-id.js';

/** Where serializers write it: without white space, but for that of Python's. */
const AT_BEGINNING = /^(\s*\{(?:"jsonrpc": ?"2\.0", ?)?"id": ?)(?:"[^"\\]*"|-?\d+)([,}])/;
const AT_END = /("id": ?)(?:"[^"\\]*"|-?\d+)((?:, ?"jsonrpc": ?"2\.0")?\}\s*)$/;
/** Of the text, in which the id is looked for at either end. */
const END_CHARS = 512;
const KEY = '"id"';

/**
 * To write a message anew would change its white space, and take digits from integers beyond 2^53; so only its id is
 * replaced, if it is at either end. A message that has it elsewhere is written anew.
 * @param message what `text` says
 */
export function withId(text: string, message: object, id: RequestId): string {
  const exchanged = exchangedIn(text, JSON.stringify(id));
  // Of a key that is there twice, the last one counts.
  const isCertain = text.indexOf(KEY) === text.lastIndexOf(KEY);
  if (exchanged !== undefined && (isCertain || (JSON.parse(exchanged) as { id?: unknown }).id === id)) {
    return exchanged;
  }
  return JSON.stringify({ ...message, id });
}

function exchangedIn(text: string, id: string): string | undefined {
  const tail = text.slice(-END_CHARS);
  const atEnd = AT_END.exec(tail);
  if (atEnd !== null) {
    const before = text.length - tail.length + atEnd.index;
    return `${text.slice(0, before)}${atEnd[1]}${id}${atEnd[2]}`;
  }
  const atBeginning = AT_BEGINNING.exec(text.slice(0, END_CHARS));
  if (atBeginning === null) return undefined;
  return `${atBeginning[1]}${id}${atBeginning[2]}${text.slice(atBeginning[0].length)}`;
}
