/**
 * The headers that repeat parts of every request of the stateless era, so that proxies can route it without its body
 * (2026-07-28, Streamable HTTP, "Standard Request Headers"). A proxy believes the headers and the server the body, so they must
 * be equal.
 */
import { cut } from '../shared/errors.js';
import type { Fields } from '../shared/fields.js';
import { decodedHeader, plainHeader, type RequestHead } from './header-text.js';

/** What the requests of these methods are about: the parameter that `Mcp-Name` repeats. */
const NAME_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  // Of the extension io.modelcontextprotocol/tasks.
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

const MAX_QUOTED_CHARS = 100;

/** The value that `Mcp-Name` repeats, if there is one. */
export function mirroredName(method: string, params: Fields): string | undefined {
  const parameter = NAME_PARAMETERS.get(method);
  const value = parameter === undefined ? undefined : params[parameter];
  return typeof value === 'string' ? value : undefined;
}

/**
 * What is wrong with `Mcp-Method` and `Mcp-Name`, as a part of a sentence.
 * @param required whether they must be there: not for a notification
 */
export function standardHeaderFault(
  head: RequestHead,
  method: string,
  params: Fields,
  required: boolean,
): string | undefined {
  const methodFault = fault('Mcp-Method', plainHeader(head, 'mcp-method'), 'method', method, required);
  if (methodFault !== undefined) return methodFault;
  const name = mirroredName(method, params);
  // What lacks the parameter itself is for the server to reject.
  if (name === undefined) return undefined;
  const parameter = `params.${NAME_PARAMETERS.get(method)}`;
  return fault('Mcp-Name', decodedHeader(head, 'mcp-name'), parameter, name, required);
}

/** What is wrong with one header. */
export function fault(
  header: string,
  value: string | null | undefined,
  source: string,
  expected: string,
  required: boolean,
): string | undefined {
  if (value === expected) return undefined;
  if (value === undefined) return required ? missing(header, source, expected) : undefined;
  if (value === null) return invalid(header);
  return `the header ${header} is ${quoted(value)}, but ${source} is ${quoted(expected)}; they must be equal`;
}

function missing(header: string, source: string, expected: string): string {
  return `the header ${header} is missing; send it with the value of ${source}, which is ${quoted(expected)}`;
}

export function invalid(header: string): string {
  return `the header ${header} comes twice or has invalid characters; send what is not visible ASCII as =?base64?…?=, in UTF-8 and with padding`;
}

export function quoted(value: string): string {
  return JSON.stringify(cut(value, MAX_QUOTED_CHARS));
}
