/**
 * A server of the session era may fail a call with -32042: its client is to open URLs first, and then to call again
 * (2025-11-25, Elicitation, "URL Elicitation Required Error"). In the stateless era this is an `input_required` without
 * `requestState`, since the call is to begin anew.
 */
import { isFields } from '../../src/shared/fields.js';
import { MAY_ASK } from '../../src/shared/stateless.js';
import { isDeclared, missingCapability, nameFor, questionFacts } from './questions.js';

type Fields = Readonly<Record<string, unknown>>;

export const URL_ELICITATION_REQUIRED = -32042;

const METHOD = 'elicitation/create';

/** What such a call is answered with. */
interface AskedUrls {
  readonly result?: Fields;
  readonly error?: ReturnType<typeof missingCapability>;
}

/** @returns a result or an error; `undefined` if the error stays */
export function askedUrls(
  method: string,
  capabilities: Fields,
  error: { readonly code?: unknown; readonly data?: unknown },
): AskedUrls | undefined {
  if (error.code !== URL_ELICITATION_REQUIRED || !MAY_ASK.has(method)) return undefined;
  const { elicitations } = isFields(error.data) ? error.data : {};
  const asked = (Array.isArray(elicitations) ? elicitations : []).filter(isFields).filter(isUrl);
  const [facts] = asked.map((params) => questionFacts(METHOD, { ...params, mode: 'url' }));
  if (facts === undefined) return undefined;
  if (!isDeclared(facts.needs, capabilities)) return { error: missingCapability(method, facts.needs) };
  const requests = asked.map(({ url, message }, index) => [
    nameFor(facts, index + 1),
    { method: METHOD, params: { mode: 'url', url, message } },
  ]);
  return { result: { resultType: 'input_required', inputRequests: Object.fromEntries(requests) } };
}

function isUrl({ url, message }: Fields): boolean {
  return typeof url === 'string' && typeof message === 'string';
}
