/**
 * Lists that are known, as callers see them who see only a part. Each is cut once for all callers who see the same, on the
 * main thread: to ask a worker instead would start one for each session of such a caller.
 */
import { type ListView, viewedResult } from '../shared/list-view.js';
import { answerOf, type CachedAnswer } from './cached-answers.js';

/** A worker cuts a longer one. This takes about a millisecond. */
const MAX_CHARS = 256 * 1024;
/** Of one list. As many different views are kept; of more, that which was made first is forgotten. */
const MAX_VIEWS = 64;
/** Its length is all the same: it is replaced by that of the request. */
const SOME_ID = '0';

const viewed = new WeakMap<CachedAnswer, Map<string, CachedAnswer>>();

/** @returns `undefined` if a worker has to answer */
export function viewedAnswer(answer: CachedAnswer, view: ListView | undefined): CachedAnswer | undefined {
  if (view === undefined || answer.failure !== undefined) return answer;
  if (answer.before.length + answer.after.length > MAX_CHARS) return undefined;
  const views = viewed.get(answer) ?? new Map<string, CachedAnswer>();
  viewed.set(answer, views);
  const key = JSON.stringify(view);
  const known = views.get(key);
  if (known !== undefined) return known;
  const made = cutTo(view, answer);
  if (made === undefined) return undefined;
  const [first] = views.keys();
  if (views.size >= MAX_VIEWS && first !== undefined) views.delete(first);
  views.set(key, made);
  return made;
}

function cutTo(view: ListView, answer: CachedAnswer): CachedAnswer | undefined {
  const body = `${answer.before}${SOME_ID}${answer.after}`;
  try {
    // A module's code may have sent it, so it may be no JSON, on which the texts of its members cannot be relied.
    JSON.parse(body);
  } catch {
    return undefined;
  }
  const result = viewedResult(view, body);
  return result === undefined ? answer : answerOf(result, undefined);
}
