/** JSON with comments and trailing commas, as in clients' files, and repeated keys, which `JSON.parse` does not report. */
import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  type ParseOptions,
  parseTree,
} from 'jsonc-parser';
import { JsonTextError } from '../shared/json-text.js';

/**
 * Parses JSON and ignores comments and trailing commas. Objects of the result have no prototype.
 * @throws {JsonTextError} with line and column.
 */
export function parseJsonc(text: string): unknown {
  const root = jsoncTree(text);
  if (root === undefined) throw new JsonTextError(text, text.length);
  return getNodeValue(root);
}

/**
 * The same as a tree; `undefined` for an empty text, if that is allowed.
 * @throws {JsonTextError} with line and column.
 */
export function jsoncTree(text: string, more: ParseOptions = {}): Node | undefined {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, ...more });
  const [error] = errors;
  if (error !== undefined) throw new JsonTextError(text, error.offset);
  return root;
}

/**
 * The keys that an object of the text contains more than once; parsers use the last of them.
 * @param text valid JSON, with or without comments
 * @param name the key of that object in the outermost object
 */
export function repeatedKeys(text: string, name: string): ReadonlySet<string> {
  const root = parseTree(text);
  const object = root && findNodeAtLocation(root, [name]);
  const keys = (object?.children ?? []).map(({ children }) => String(children?.[0]?.value));
  return new Set(keys.filter((key, index) => keys.indexOf(key) !== index));
}
