/** What `classify` says of a request that is given as text. */
import { type Classification, classify, type EraPolicy } from '../../src/protocol/era.js';
import type { EraRejection } from '../../src/protocol/era-rejection.js';
import { parseBody } from '../../src/protocol/json-rpc.js';

export const VERSION = 'io.modelcontextprotocol/protocolVersion';
export const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
export const INFO = 'io.modelcontextprotocol/clientInfo';
export const LEVEL = 'io.modelcontextprotocol/logLevel';
export const META = { [VERSION]: '2026-07-28', [CAPABILITIES]: {} };

export const BOTH: EraPolicy = { stateless: true, lenientVersionHeader: false };
export const LENIENT: EraPolicy = { stateless: true, lenientVersionHeader: true };

export type Headers = Record<string, string | undefined>;

export function request(method: string, params?: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
}

export function headersOf(method: string): Headers {
  return { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method };
}

export function of(text: string, headers: Headers, policy = BOTH): Classification {
  const parsed = parseBody(text);
  if ('reason' in parsed) throw new Error(parsed.message);
  const distinct = Object.entries(headers).map(([name, value]) => [name, value?.split(', ')] as const);
  return classify(parsed, { headers, headersDistinct: Object.fromEntries(distinct) }, policy);
}

export function eraOf(...given: Parameters<typeof of>): string {
  const found = of(...given);
  return 'reason' in found ? found.reason : found.era;
}

export function stateless(text: string, headers: Headers, policy = BOTH) {
  const found = of(text, headers, policy);
  if ('reason' in found) throw new Error(found.message);
  if (found.era !== 'stateless' || found.kind !== 'request') throw new Error(JSON.stringify(found));
  return found;
}

export function rejection(text: string, headers: Headers, policy = BOTH): EraRejection {
  const found = of(text, headers, policy);
  if (!('reason' in found)) throw new Error(`It was accepted: ${JSON.stringify(found)}`);
  return found;
}
