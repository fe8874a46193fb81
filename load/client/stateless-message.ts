/** Requests of revision 2026-07-28, which has no sessions: each says by itself who asks, and in which revision. */
import { headerText } from './header-text.js';
import { type ParamHeader, paramHeaderValues } from './param-headers.js';

export const STATELESS_VERSION = '2026-07-28';

const META_VERSION = 'io.modelcontextprotocol/protocolVersion';
const META_CLIENT = 'io.modelcontextprotocol/clientInfo';
const META_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

/** The member of a notification's `_meta` that names the `subscriptions/listen` request it belongs to. */
export const META_SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

/** Which of the three kinds of input requests the client can be asked (2026-07-28, Multi Round-Trip Requests). */
export type ClientCapabilities = Readonly<Record<string, object>>;

/** The part of `_meta` that all requests of a client have (2026-07-28, Base Protocol, "`_meta`"). */
export function requestMeta(
  client: { readonly name: string; readonly version: string },
  capabilities: ClientCapabilities,
): Readonly<Record<string, unknown>> {
  return { [META_VERSION]: STATELESS_VERSION, [META_CLIENT]: client, [META_CAPABILITIES]: capabilities };
}

/** What headers have to repeat. */
export interface RepeatedInHeaders {
  readonly method: string;
  /** `params.name` or `params.uri`, for the methods that have them. */
  readonly name?: string;
  /** Arguments of a tool, and which of them its schema marks with `x-mcp-header`. */
  readonly params?: {
    readonly marked: readonly ParamHeader[];
    readonly arguments: Readonly<Record<string, unknown>>;
  };
}

/** The headers of a request (2026-07-28, Transports, "Standard Request Headers"). */
export function requestHeaders({ method, name, params }: RepeatedInHeaders): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': STATELESS_VERSION,
    'mcp-method': method,
    ...(name === undefined ? {} : { 'mcp-name': headerText(name) }),
    ...(params === undefined ? {} : paramHeaderValues(params.marked, params.arguments)),
  };
}
