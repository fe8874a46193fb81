/**
 * The tools of a server as its clients see them (`tools` of its entry): some do not exist, some have another name or
 * description. Requests of the client get the server's own names, lists of the server get the client's.
 *
 * It is a boundary, so it has to read a message as the server does. The session therefore writes what was read here,
 * not the text that it came from (in which a key may appear twice), and keys that some parsers take for one of those
 * that are checked are refused: Go's `encoding/json` ignores case.
 */
import { cut } from '../src/shared/errors.js';
import { type Fields, isFields } from '../src/shared/fields.js';
import type { Matcher } from '../src/shared/glob.js';
import { filterMatcher } from '../src/shared/list-view.js';
import type { AnyResponse } from '../src/shared/response-failure.js';
import type { ToolRuleLists } from '../src/shared/tool-rules.js';

const INVALID_REQUEST = -32600;
const INVALID_PARAMS = -32602;
/** 2025-11-25, "Tool Names": names have at most 128 characters. A longer one is not even compared with the globs. */
const MAX_NAME_CHARS = 1024;
const MAX_SHOWN_NAME_CHARS = 128;

export type ViewedMessage =
  | { readonly message: Fields; readonly error?: never }
  | { readonly error: { readonly code: number; readonly message: string } };

export class ToolView {
  readonly #matches: Matcher;
  readonly #clientNames: ReadonlyMap<string, string>;
  readonly #ownNames: ReadonlyMap<string, string>;
  readonly #descriptions: ReadonlyMap<string, string>;

  constructor({ allow, deny, rename, describe }: ToolRuleLists) {
    this.#matches = filterMatcher({ allow, deny });
    this.#clientNames = new Map(rename);
    this.#ownNames = new Map(rename.map(([own, client]) => [client, own]));
    this.#descriptions = new Map(describe);
  }

  /** Whether the server's tool of this name exists for clients, under whatever name. */
  isAllowed(ownName: string): boolean {
    if (ownName.length > MAX_NAME_CHARS) return false;
    return this.#matches(ownName);
  }

  /** A message of the client, with the server's own name of a tool; or the error that answers it. */
  request(message: Fields): ViewedMessage {
    const { method, params } = message;
    const disguised = disguisedKey(message, ['method', 'params']);
    if (disguised !== undefined) return ambiguous(disguised);
    if (method !== 'tools/call') return { message };
    const given = isFields(params) ? params : {};
    const disguisedName = disguisedKey(given, ['name']);
    if (disguisedName !== undefined) return ambiguous(disguisedName);
    const { name } = given;
    // A server may take the list ["x"] for the name "x".
    const own = typeof name === 'string' ? this.#ownName(name) : undefined;
    if (own === undefined) return unknownTool(name);
    return { message: own === name ? message : { ...message, params: { ...given, name: own } } };
  }

  /** The server's result of this method, with the tools that exist for clients, as they see them. */
  result(method: string, result: unknown): unknown {
    if (method !== 'tools/list' || !isFields(result) || !Array.isArray(result.tools)) return result;
    return { ...result, tools: result.tools.flatMap((tool: unknown) => this.#listed(tool)) };
  }

  /** The JSON of a response to `tools/list`, in the same way. */
  response(message: AnyResponse, body: string): string {
    if (!('result' in message)) return body;
    return JSON.stringify({ ...message, result: this.result('tools/list', message.result) });
  }

  #listed(tool: unknown): readonly object[] {
    if (!isFields(tool) || typeof tool.name !== 'string') return [];
    const own = tool.name;
    const name = this.#clientNames.get(own) ?? own;
    // Not allowed, or another tool has its name now.
    if (this.#ownName(name) !== own) return [];
    const description = this.#descriptions.get(own);
    return [{ ...tool, name, ...(description !== undefined && { description }) }];
  }

  /** @returns `undefined` if no tool has this name for clients */
  #ownName(clientName: string): string | undefined {
    const renamed = this.#ownNames.get(clientName);
    if (renamed !== undefined && this.isAllowed(renamed)) return renamed;
    if (this.#clientNames.has(clientName)) return undefined;
    return this.isAllowed(clientName) ? clientName : undefined;
  }
}

/** A key that is another than each of these, but the same in upper case. That also folds U+017F to S. */
function disguisedKey(value: Fields, keys: readonly string[]): string | undefined {
  return Object.keys(value).find(
    (key) => !keys.includes(key) && keys.includes(key.toUpperCase().toLowerCase()),
  );
}

function ambiguous(key: string): ViewedMessage {
  const message = `The key ${JSON.stringify(cut(key, MAX_SHOWN_NAME_CHARS))} is ambiguous: keys are written in lower case.`;
  return { error: { code: INVALID_REQUEST, message } };
}

/** In the words of the SDK, and thus of most servers. */
function unknownTool(name: unknown): ViewedMessage {
  const shown = cut(typeof name === 'string' ? name : String(JSON.stringify(name)), MAX_SHOWN_NAME_CHARS);
  const message = `MCP error ${INVALID_PARAMS}: Tool ${shown} not found`;
  return { error: { code: INVALID_PARAMS, message } };
}
