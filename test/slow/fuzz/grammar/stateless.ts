/** Requests of revision 2026-07-28: their `_meta`, and the headers that repeat what the body says, each correct or odd. */
import type { Random } from '../random.js';
import type { HeaderLine } from './http-headers.js';
import { jsonObject, jsonString, jsonValue, type Member } from './json.js';
import { type McpRequest, methodAndParams } from './mcp.js';

const VERSION = '2026-07-28';
const PREFIX = 'io.modelcontextprotocol/';
/** Those that a server of this revision has, and some that it has not. */
const METHODS = ['server/discover', 'subscriptions/listen', 'ping', 'tasks/get', 'no/such/method'];
/** Parameters whose text is repeated in `Mcp-Name`. */
const NAMED: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};
const STATES = ['', 'bulkhead1.', 'bulkhead1.AAAA', `bulkhead1.${'A'.repeat(60)}`, 'bulkhead1.%', 'x'];
/** Rarely `elicitation`: a call that waits for its client keeps its thread for minutes. */
const CAPABILITIES = [
  '{}',
  '{}',
  '{}',
  '{"roots":{}}',
  '{"sampling":{"tools":{}}}',
  '{"extensions":{"a/b":{}}}',
];

export interface StatelessInput extends McpRequest {
  readonly headers: readonly HeaderLine[];
  /** Its response is a stream that stays open. */
  readonly listens: boolean;
}

/** About a share of `oddity` of what the revision asks for is wrong. */
export function statelessRequest(random: Random, oddity: number): StatelessInput {
  const id = random.chance(0.7) ? random.between(1, 1_000_000) : `s${random.between(1, 1_000_000)}`;
  const [method, given] = random.chance(0.3)
    ? ([random.pick(METHODS), undefined] as const)
    : methodAndParams(random, oddity);
  const params = paramsOf(random, oddity, method, given);
  const members = [`"jsonrpc":"2.0"`, `"id":${JSON.stringify(id)}`, `"method":${JSON.stringify(method)}`];
  const text = `{${[...members, `"params":${params}`].join(',')}}`;
  const headers = headersOf(random, oddity, method, params);
  return { text, id, headers, listens: method === 'subscriptions/listen' };
}

function paramsOf(random: Random, oddity: number, method: string, given: string | undefined): string {
  const members: Member[] = [['_meta', metaText(random, oddity)]];
  if (method === 'subscriptions/listen') members.push(['notifications', filterText(random, oddity)]);
  if (random.chance(oddity)) members.push(['requestState', JSON.stringify(random.pick(STATES))]);
  if (random.chance(oddity)) members.push(['inputResponses', jsonValue(random)]);
  const more = jsonObject(random, oddity / 2, members);
  // The members of both: what is written last counts, as in any object that names one twice.
  if (given === undefined || !given.startsWith('{') || !more.startsWith('{')) return more;
  const [inner, added] = [given, more].map((text) => text.slice(1, -1).trim());
  return `{${[inner, added].filter((text) => text !== '').join(',')}}`;
}

function metaText(random: Random, oddity: number): string {
  const odd = (right: string): string => (random.chance(oddity) ? jsonValue(random, 2) : right);
  const members: Member[] = [
    [`${PREFIX}protocolVersion`, odd(`"${VERSION}"`)],
    [`${PREFIX}clientCapabilities`, odd(random.pick(CAPABILITIES))],
  ];
  if (random.chance(0.5)) members.push([`${PREFIX}clientInfo`, odd('{"name":"fuzzer","version":"1"}')]);
  if (random.chance(0.3)) members.push([`${PREFIX}logLevel`, odd('"info"')]);
  if (random.chance(0.3)) members.push(['progressToken', odd(random.chance(0.5) ? '"t"' : '7')]);
  if (random.chance(0.1)) members.push(['traceparent', jsonString(random)]);
  return random.chance(oddity / 4) ? jsonValue(random) : jsonObject(random, oddity / 2, members);
}

function filterText(random: Random, oddity: number): string {
  const members: Member[] = ['tools', 'prompts', 'resources'].map((kind) => [
    `${kind}ListChanged`,
    random.chance(oddity) ? jsonValue(random, 1) : String(random.chance(0.5)),
  ]);
  if (random.chance(0.3)) members.push(['resourceSubscriptions', `["memo:one",${jsonString(random)}]`]);
  return random.chance(oddity / 4) ? jsonValue(random) : jsonObject(random, oddity, members);
}

function headersOf(random: Random, oddity: number, method: string, params: string): HeaderLine[] {
  const headers: HeaderLine[] = [];
  const add = (name: string, right: string): void => {
    if (random.chance(oddity / 3)) return;
    headers.push([name, random.chance(oddity / 3) ? oddValue(random) : right]);
    if (random.chance(oddity / 10)) headers.push([name.toUpperCase(), right]);
  };
  add('MCP-Protocol-Version', VERSION);
  add('Mcp-Method', headerText(method));
  const name = nameIn(method, params);
  if (name !== undefined) add('Mcp-Name', headerText(name));
  if (random.chance(oddity))
    headers.push([`Mcp-Param-${random.pick(['a', 'Text', '', '%'])}`, oddValue(random)]);
  if (random.chance(0.1)) headers.push(['Mcp-Session-Id', random.pick(['gone', ''])]);
  return headers;
}

function oddValue(random: Random): string {
  return random.pick([
    '',
    '2025-11-25',
    'tools/list',
    '=?base64?%?=',
    '=?base64?4pyT?=',
    '=?base64?',
    '\u00ff',
    'a, b',
  ]);
}

/** The name that the body has in the end; `undefined` if a parser finds none. */
function nameIn(method: string, params: string): string | undefined {
  const member = NAMED[method];
  if (member === undefined) return undefined;
  try {
    const name = (JSON.parse(params) as Record<string, unknown> | null)?.[member];
    return typeof name === 'string' ? name : undefined;
  } catch {
    // The oddity is that it is no JSON.
    return undefined;
  }
}

/** As it is, or encoded where it would not arrive as it is. */
function headerText(text: string): string {
  const plain = /^[!-~](?:[ -~]*[!-~])?$/.test(text) && !text.startsWith('=?base64?');
  return plain ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}
