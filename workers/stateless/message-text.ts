/**
 * Messages of the stateless era made of the texts of those of the session era: what a program has written stays as it is, to
 * the digits of its numbers, and large results are not parsed again.
 */
import { HANDLE_ARGUMENT, type HandleTools, withHandleTools } from '../../src/shared/handle-tools.js';
import { memberTexts, objectText } from '../../src/shared/json-members.js';
import type { RequestId } from '../../src/shared/request-id.js';
import { type Introduction, statelessResult } from '../../src/shared/stateless.js';
import { questionFacts } from './questions.js';
import type { Question } from './round-trips.js';

/** Members of a request that the server must not see: of round trips, and of tasks as the session era had them. */
const NOT_FOR_SERVERS = ['inputResponses', 'requestState', 'task'];

/** Members of a result that mean something in this era, and are checked. */
const OF_THIS_ERA = ['resultType', '_meta', 'ttlMs', 'cacheScope'];

/**
 * A request under the key by which the server knows it, with the key in place of its progress token as well, and without
 * what belongs to round trips and tasks.
 * @param handled whether its arguments may have the handle of a session, which belongs to the gateway
 */
export function requestText(text: string, key: string, handled: boolean): string {
  const request = memberTexts(text);
  request.set('id', JSON.stringify(key));
  const params = request.get('params');
  if (params !== undefined) request.set('params', paramsText(params, key, handled));
  return objectText(request);
}

function paramsText(text: string, key: string, handled: boolean): string {
  const params = memberTexts(text);
  for (const name of NOT_FOR_SERVERS) params.delete(name);
  const given = params.get('arguments');
  if (handled && given?.startsWith('{') === true) {
    const rest = memberTexts(given);
    if (rest.delete(HANDLE_ARGUMENT)) params.set('arguments', objectText(rest));
  }
  const meta = params.get('_meta');
  if (meta !== undefined) params.set('_meta', withToken(meta, key));
  return objectText(params);
}

/** With another progress token, if it has one. */
function withToken(text: string, progressToken: unknown): string {
  const members = memberTexts(text);
  if (!members.has('progressToken')) return text;
  members.set('progressToken', JSON.stringify(progressToken));
  return objectText(members);
}

/** A progress notification with the client's token. */
export function progressText(text: string, progressToken: unknown): string {
  const notification = memberTexts(text);
  notification.set('params', withToken(notification.get('params') ?? '{}', progressToken));
  return objectText(notification);
}

/**
 * A response with a result, from the end of its id on, so that the client's id can be put before it when it is sent.
 * @param text of a response of the session era
 * @param method of the request
 * @param handleTools what is added to the tools of a server with affinity `handle`
 */
export function resultTail(
  text: string,
  method: string,
  introduction: Introduction,
  handleTools: HandleTools | undefined,
): string {
  const result = memberTexts(memberTexts(text).get('result') ?? '{}');
  if (method === 'tools/list' && handleTools !== undefined) {
    const { tools } = withHandleTools({ tools: JSON.parse(result.get('tools') ?? '[]') }, handleTools);
    result.set('tools', JSON.stringify(tools));
  }
  const own: Record<string, unknown> = {};
  const read = (name: string): void => {
    const value = result.get(name);
    if (value !== undefined) own[name] = JSON.parse(value);
  };
  OF_THIS_ERA.forEach(read);
  if (own.resultType === 'input_required') ['inputRequests', 'requestState'].forEach(read);
  const checked = Object.entries(statelessResult(method, own, introduction, 'single'));
  for (const [name, value] of checked)
    if (name === '_meta' || value !== own[name]) result.set(name, JSON.stringify(value));
  return `,"result":${objectText(result)}}`;
}

/** The response of which `resultTail` has made the end. */
export function responseText(id: RequestId, tail: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)}${tail}`;
}

/**
 * A request of a program to its client. Programs often ask for the client's roots when they have been initialized, which
 * has nothing to do with the request that they serve by then: they can do without.
 */
export function questionIn(text: string, id: RequestId, method: string): Question {
  const params = memberTexts(text).get('params');
  const facts = questionFacts(method, params === undefined ? undefined : JSON.parse(params));
  const members: [string, string][] = [['method', JSON.stringify(method)]];
  if (params !== undefined) members.push(['params', params]);
  const question = { id, facts, text: objectText(members) };
  return method === 'roots/list' ? { ...question, optional: true } : question;
}
