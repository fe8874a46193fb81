/**
 * Compares the arguments of a call with the headers that repeat them (2026-07-28, Streamable HTTP, "Server Behavior for Custom
 * Headers").
 */

import { isFields } from '../shared/fields.js';
import type { HeaderParam } from '../shared/header-params.js';
import type { StatelessRequest } from './era.js';
import { type EraRejection, headerRejection } from './era-rejection.js';
import { decodedHeader, type RequestHead } from './header-text.js';
import { fault, invalid } from './standard-headers.js';

/** An integer as it may be written in a header: `42.0` is the number 42. */
const INTEGER = /^-?\d{1,16}(?:\.0{1,16})?$/;

/**
 * The rejection of a `tools/call` whose headers differ from its arguments; headers that repeat nothing are ignored.
 * @param params of the tool that it calls
 */
export function headerParamRejection(
  params: readonly HeaderParam[],
  { message, params: { arguments: given }, client, headersRequired }: StatelessRequest,
  head: RequestHead,
): EraRejection | undefined {
  for (const param of params) {
    const wrong = paramFault(param, valueAt(given, param.path), head, headersRequired);
    if (wrong !== undefined) return headerRejection(message.id, wrong, client);
  }
  return undefined;
}

function paramFault(
  { header, path, type }: HeaderParam,
  value: unknown,
  head: RequestHead,
  required: boolean,
): string | undefined {
  const text = decodedHeader(head, header);
  if (text === null) return invalid(header);
  const source = `arguments.${path.join('.')}`;
  if (value === undefined || value === null) {
    if (text === undefined) return undefined;
    return `the header ${header} is there, but ${source} is not; send both or none`;
  }
  if (text === undefined && !required) return undefined;
  // No header can repeat it; without one, the tool itself says what is wrong with it.
  if (typeof value === 'object') {
    return text === undefined
      ? undefined
      : `${source} is no ${type}, so the header ${header} cannot be equal to it`;
  }
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    return `${source} is an integer beyond 2^53, which the header ${header} cannot repeat`;
  if (Number.isInteger(value) && text !== undefined && INTEGER.test(text) && Number(text) === value)
    return undefined;
  return fault(header, text, source, String(value), required);
}

/** The value at exactly this path; `undefined` if there is none. */
function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const name of path) {
    if (!isFields(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}
