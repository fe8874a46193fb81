/** What the edge rejects of revision 2026-07-28: statuses, codes and reasons (R1.4, R1.17 to R1.25, R2.5, R2.9). */
import { expect } from 'chai';
import { once } from '../support/events.js';
import { expectRejection } from '../support/expectations.js';
import { rawClient, sharedGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import type { JsonRpcMessage, RawHeaders } from '../support/raw-client.js';
import {
  askStateless,
  FIND,
  FIND_HEADERS,
  postStateless,
  STATELESS_VERSION,
  statelessMessage,
} from '../support/stateless.js';

describe('What the edge rejects of 2026-07-28', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('header-params'), affinity: 'request' });

  const cases: [
    what: string,
    status: number,
    code: number,
    reason: string,
    method: string,
    params: Record<string, unknown>,
    options: Parameters<typeof askStateless>[3],
  ][] = [
    [
      'another version in the header (R1.17)',
      400,
      -32020,
      'header_mismatch',
      'tools/list',
      {},
      { headers: { 'mcp-protocol-version': '2027-01-01' } },
    ],
    [
      'an older version in the header',
      400,
      -32020,
      'version_header',
      'tools/list',
      {},
      { headers: { 'mcp-protocol-version': '2025-11-25' } },
    ],
    [
      'no version in the header (R1.17)',
      400,
      -32020,
      'header_mismatch',
      'tools/list',
      {},
      { headers: { 'mcp-protocol-version': undefined } },
    ],
    [
      'a version that is not served (R1.18)',
      400,
      -32022,
      'protocol_version',
      'tools/list',
      {},
      { headers: { 'mcp-protocol-version': '1900-01-01' }, meta: { protocolVersion: '1900-01-01' } },
    ],
    ...['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'].map(
      (method) =>
        [`${method} (R1.19)`, 404, -32601, 'method_not_found', method, {}, {}] as (typeof cases)[number],
    ),
    [
      'no Mcp-Method (R1.21)',
      400,
      -32020,
      'header_mismatch',
      'tools/list',
      {},
      { headers: { 'mcp-method': undefined } },
    ],
    [
      'another Mcp-Method (R1.21)',
      400,
      -32020,
      'header_mismatch',
      'tools/list',
      {},
      { headers: { 'mcp-method': 'prompts/list' } },
    ],
    [
      'Mcp-Method in other letters (R1.21)',
      400,
      -32020,
      'header_mismatch',
      'tools/list',
      {},
      { headers: { 'mcp-method': 'TOOLS/LIST' } },
    ],
    [
      'no Mcp-Name (R1.21)',
      400,
      -32020,
      'header_mismatch',
      'tools/call',
      { name: 'find' },
      { headers: { 'mcp-name': undefined } },
    ],
    [
      'another Mcp-Name (R1.21)',
      400,
      -32020,
      'header_mismatch',
      'tools/call',
      { name: 'find' },
      { headers: { 'mcp-name': 'other' } },
    ],
    [
      'an Mcp-Name that is no base64 (R1.22)',
      400,
      -32020,
      'header_mismatch',
      'tools/call',
      { name: 'find' },
      { headers: { 'mcp-name': '=?base64?ZmluZA?=' } },
    ],
    [
      'no Mcp-Param for an argument (R1.25)',
      400,
      -32020,
      'header_mismatch',
      'tools/call',
      FIND,
      { headers: { ...FIND_HEADERS, 'mcp-param-region': undefined } },
    ],
    [
      'another Mcp-Param than the argument (R1.25)',
      400,
      -32020,
      'header_mismatch',
      'tools/call',
      FIND,
      { headers: { ...FIND_HEADERS, 'mcp-param-page-size': '43' } },
    ],
    [
      'an Mcp-Param without an argument (R1.25)',
      400,
      -32020,
      'header_mismatch',
      'tools/call',
      { name: 'find', arguments: { dry: false } },
      { headers: { 'mcp-param-dry': 'false', 'mcp-param-region': 'x' } },
    ],
    [
      'an Mcp-Param that is no base64 (R1.25)',
      400,
      -32020,
      'header_mismatch',
      'tools/call',
      FIND,
      { headers: { ...FIND_HEADERS, 'mcp-param-region': '=?base64?dXMtd2VzdDE?=' } },
    ],
    [
      'no capabilities (R2.5)',
      400,
      -32602,
      'request_meta',
      'server/discover',
      {},
      { meta: { clientCapabilities: undefined } },
    ],
    [
      'no version in _meta (R2.5)',
      400,
      -32602,
      'request_meta',
      'server/discover',
      {},
      { meta: { protocolVersion: undefined } },
    ],
    [
      'a log level that is none (R7.9)',
      200,
      -32602,
      'request_meta',
      'tools/list',
      {},
      { meta: { logLevel: 'loud' } },
    ],
  ];
  for (const [what, status, code, reason, method, params, options] of cases) {
    it(`is ${what}: ${status}, ${code}`, async () => {
      const rejected = once(gateway().events, 'rejected');
      const response = await postStateless(rawClient(gateway()), method, params, options);
      const answer = await expectRejection(response, status, code);
      expect(answer.id).to.equal(1);
      expect(answer.error?.data).to.deep.include({ reason });
      expect(await rejected).to.deep.include({ reason, status });
    });
  }

  it('says which versions are served, and repeats the one that was asked for (R1.18)', async () => {
    const options = {
      headers: { 'mcp-protocol-version': '1900-01-01' },
      meta: { protocolVersion: '1900-01-01' },
    };
    const { answer } = await askStateless(rawClient(gateway()), 'tools/list', {}, options);
    const { supported, requested } = (answer.error?.data ?? {}) as { supported: string[]; requested: string };
    expect(requested).to.equal('1900-01-01');
    const { answer: discovered } = await askStateless(rawClient(gateway()), 'server/discover');
    expect(discovered.result?.supportedVersions).to.include.members(supported);
  });

  it('is an unknown method, by the server: 404, -32601 (R1.19)', async () => {
    const { status, answer } = await askStateless(rawClient(gateway()), 'unknown/method');
    expect({ status, code: answer.error?.code, id: answer.id }).to.deep.equal({
      status: 404,
      code: -32601,
      id: 1,
    });
  });

  it('is not what the server says in its answer: an unknown tool is 200 (R2.9)', async () => {
    const { status, answer } = await askStateless(rawClient(gateway()), 'tools/call', { name: 'nobody' });
    expect(status).to.equal(200);
    expect(answer.error?.code ?? answer.result?.isError).to.be.oneOf([-32602, true]);
  });

  const arrays: [what: string, body: object[]][] = [
    ['of such requests', [statelessMessage('tools/list')]],
    ['with one such request', [{ jsonrpc: '2.0', id: 1, method: 'ping' }, statelessMessage('tools/list')]],
    ['of other requests', [{ jsonrpc: '2.0', id: 1, method: 'ping' }]],
  ];
  for (const [what, body] of arrays) {
    it(`is an array ${what}: 400, -32600, without an id (R1.4)`, async () => {
      const response = await rawClient(gateway()).post(body, { 'mcp-protocol-version': STATELESS_VERSION });
      const answer = await expectRejection(response, 400, -32600);
      expect(answer).to.not.have.property('id');
    });
  }

  it('is a response of a client: 400, -32600 (R1.4)', async () => {
    const response = { jsonrpc: '2.0', id: 1, result: {} };
    const answer = await rawClient(gateway()).post(response, { 'mcp-protocol-version': STATELESS_VERSION });
    await expectRejection(answer, 400, -32600);
  });

  it('has no id where none can be read, and no code of the ranges that the revision forbids', async () => {
    const bad: [body: string, headers: RawHeaders, status: number][] = [
      ['{', {}, 400],
      ['5', {}, 400],
      ['{"jsonrpc":"2.0","id":null,"method":"ping"}', {}, 400],
      ['{}', { 'content-type': 'text/plain' }, 415],
      ['{}', { 'content-encoding': 'gzip' }, 415],
    ];
    for (const [body, headers, status] of bad) {
      const client = rawClient(gateway());
      const response = await client.post(body, { 'mcp-protocol-version': STATELESS_VERSION, ...headers });
      const answer = await expectRejection(response, status);
      expect(answer, body).to.not.have.property('id');
      const code = answer.error?.code ?? 0;
      expect(code < -32099 || code > -32000, `${body} ${code}`).to.equal(true);
    }
  });
});

describe('A server with sessions alone', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('header-params'), affinity: 'session' });

  it('answers every stateless request with 400, -32022 and the versions that begin with initialize', async () => {
    const asked: [method: string, params: Record<string, unknown>, headers: RawHeaders][] = [
      ['server/discover', {}, {}],
      ['tools/list', {}, {}],
      ['tools/call', FIND, {}],
      ['tools/list', {}, { 'mcp-protocol-version': '2025-11-25' }],
      ['unknown/method', {}, {}],
    ];
    for (const [method, params, headers] of asked) {
      const response = await postStateless(rawClient(gateway()), method, params, { headers });
      const { error } = (await expectRejection(response, 400, -32022)) as JsonRpcMessage & {
        error: { data: { supported: string[] } };
      };
      expect(error.data).to.deep.include({ reason: 'protocol_version', requested: STATELESS_VERSION });
      expect(error.data.supported).to.include('2025-11-25').and.not.include(STATELESS_VERSION);
    }
  });
});
