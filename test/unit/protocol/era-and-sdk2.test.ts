/** The second SDK's own decision about the same requests: what it calls legacy is the session era, what it calls modern the stateless. */
import { classifyInboundRequest } from '@modelcontextprotocol/server';
import { expect } from 'chai';
import fc from 'fast-check';
import { classify } from '../../../src/protocol/era.js';
import { parseBody } from '../../../src/protocol/json-rpc.js';

const META = 'io.modelcontextprotocol/';
const POLICY = { stateless: true, lenientVersionHeader: false };

const version = fc.constantFrom('2026-07-28', '2025-11-25', '2027-01-01', undefined);
const meta = fc.option(
  fc.record({
    protocolVersion: fc.oneof({ weight: 4, arbitrary: version }, fc.constantFrom(null, 7, '')),
    clientCapabilities: fc.constantFrom({}, { roots: {} }, undefined, 'all', []),
  }),
  { nil: undefined },
);
const message = fc.record({
  kind: fc.constantFrom('request', 'notification', 'response'),
  method: fc.constantFrom('tools/list', 'tools/call', 'initialize', 'server/discover', 'ping'),
  meta,
});
const headers = fc.record({
  version,
  method: fc.constantFrom('tools/list', 'tools/call', undefined),
});

interface Made {
  readonly kind: string;
  readonly method: string;
  readonly meta: Readonly<Record<string, unknown>> | undefined;
}

function bodyOf({ kind, method, meta: given }: Made): object {
  if (kind === 'response') return { jsonrpc: '2.0', id: 1, result: {} };
  const members = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  const _meta = given && Object.fromEntries(members.map(([name, value]) => [META + name, value]));
  const params = { name: 'echo', ...(_meta && { _meta }) };
  return { jsonrpc: '2.0', ...(kind === 'request' && { id: 1 }), method, params };
}

function ours(
  body: object,
  { version: named, method }: { version?: string | undefined; method?: string | undefined },
) {
  const parsed = parseBody(JSON.stringify(body));
  if ('reason' in parsed) throw new Error(parsed.message);
  const given = { 'mcp-protocol-version': named, 'mcp-method': method, 'mcp-name': 'echo' };
  const found = classify(parsed, { headers: given, headersDistinct: {} }, POLICY);
  return 'reason' in found ? found : found.era;
}

function theirs(
  body: object,
  { version: named, method }: { version?: string | undefined; method?: string | undefined },
) {
  return classifyInboundRequest({
    httpMethod: 'POST',
    body,
    ...(named !== undefined && { protocolVersionHeader: named }),
    ...(method !== undefined && { mcpMethodHeader: method }),
  });
}

describe('The era of a request, compared with the second SDK', () => {
  it('is the same, and so are status and code where that rejects, but for what is said here', () => {
    fc.assert(
      fc.property(message, headers, (made, given) => {
        compare(made, ours(bodyOf(made), given), theirs(bodyOf(made), given), given.version);
      }),
      { numRuns: 2_000 },
    );
  });
});

function compare(
  { kind, method }: Made,
  found: ReturnType<typeof ours>,
  expected: ReturnType<typeof theirs>,
  named: string | undefined,
): void {
  // `initialize` without a complete claim begins a session, whatever its header says (Versioning, "Backward Compatibility").
  if (kind === 'request' && method === 'initialize' && found === 'session') return;
  // A version that nobody serves, in the header alone, is told by the session era.
  if (named === '2027-01-01' && found === 'session') return;
  // The header says that there are no responses of clients.
  if (kind === 'response' && named === '2026-07-28') {
    expect(found).to.deep.include({ code: -32600 });
    return;
  }
  switch (expected.kind) {
    case 'legacy':
      expect(found).to.equal('session');
      return;
    case 'reject':
      // A request may have two faults, of which one is told first.
      if (typeof found === 'object' && found.code !== expected.code)
        expect([-32020, -32022, -32602]).to.include.members([found.code, expected.code]);
      else expect(found).to.deep.include({ status: expected.httpStatus, code: expected.code });
      return;
    case 'modern':
      // What it checks later: the version, headers that are missing, the method.
      if (found !== 'stateless')
        expect(found).to.have.property('code').that.is.oneOf([-32022, -32020, -32601]);
      return;
    default:
      expected satisfies never;
  }
}
