/** Requests of revision 2026-07-28, with the `_meta` and the headers that they must have. */
import type { JsonRpcMessage, RawClient, RawHeaders, RawResponse, RequestId } from './raw-client.js';

export const STATELESS_VERSION = '2026-07-28';

const PREFIX = 'io.modelcontextprotocol';

/** A call of the tool of the fixture `header-params`, and the headers that repeat its arguments. */
export const FIND = { name: 'find', arguments: { region: 'us-west1', size: 42, dry: false } };
export const FIND_HEADERS = {
  'mcp-param-region': 'us-west1',
  'mcp-param-page-size': '42',
  'mcp-param-dry': 'false',
};

export interface StatelessOptions {
  readonly id?: RequestId;
  /** In addition to the necessary headers, or in their place; `undefined`: without. */
  readonly headers?: RawHeaders;
  /** The same for the members of `_meta`, by the name after the prefix. */
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly progressToken?: string | number;
}

/** A request as JSON-RPC. */
export function statelessMessage(
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  { id = 1, meta, progressToken }: StatelessOptions = {},
): JsonRpcMessage {
  const members = {
    protocolVersion: STATELESS_VERSION,
    clientCapabilities: {},
    clientInfo: { name: 'stateless-client', version: '1.0.0' },
    ...meta,
  };
  const _meta = Object.fromEntries(
    Object.entries(members).map(([name, value]) => [`${PREFIX}/${name}`, value]),
  );
  const token = progressToken === undefined ? {} : { progressToken };
  return { jsonrpc: '2.0', id, method, params: { ...params, _meta: { ..._meta, ...token } } };
}

/** Sends a request; its response is not read. */
export function postStateless(
  client: RawClient,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  options: StatelessOptions = {},
): Promise<RawResponse> {
  const name = params.name ?? params.uri;
  return client.post(statelessMessage(method, params, options), {
    'mcp-protocol-version': STATELESS_VERSION,
    'mcp-method': method,
    'mcp-name': typeof name === 'string' ? name : undefined,
    ...options.headers,
  });
}

/** Sends a request and waits for its response. */
export async function askStateless(
  client: RawClient,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  options: StatelessOptions = {},
): Promise<{ readonly status: number; readonly answer: JsonRpcMessage }> {
  const response = await postStateless(client, method, params, options);
  return { status: response.status, answer: await response.answer(options.id ?? 1) };
}
