/** Which era a request, an array, a notification or a response is of. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { EraPolicy } from '../../../src/protocol/era.js';
import { rejectionResponse } from '../../../src/protocol/rejection.js';
import {
  BOTH,
  CAPABILITIES,
  eraOf,
  type Headers,
  headersOf,
  INFO,
  LENIENT,
  LEVEL,
  META,
  of,
  rejection,
  request,
  stateless,
  VERSION,
} from '../../support/classified.js';

const SESSIONS: EraPolicy = { stateless: false, lenientVersionHeader: false };

describe('The era of a request', () => {
  it('is the session era where its body names no version', () => {
    for (const method of ['initialize', 'tools/list', 'ping', 'server/discover'])
      expect(of(request(method), {}), method).to.deep.equal({ era: 'session' });
    expect(eraOf(request('tools/list'), { 'mcp-protocol-version': '2025-11-25' })).to.equal('session');
    expect(eraOf(request('tools/list', { _meta: { progressToken: 1 } }), {})).to.equal('session');
  });

  it('is the session era with a header that names a version nobody knows: that era says so', () => {
    for (const version of ['2027-01-01', '1900-01-01', '', 'x, 2026-07-28'])
      expect(eraOf(request('tools/list'), { 'mcp-protocol-version': version }), version).to.equal('session');
  });

  it('is the stateless era where its body names a version of that (R2.4)', () => {
    const found = stateless(request('tools/list', { _meta: META }), headersOf('tools/list'));
    expect(found).to.deep.include({
      era: 'stateless',
      kind: 'request',
      protocolVersion: '2026-07-28',
      clientCapabilities: {},
      client: { name: '', version: '' },
      logLevel: undefined,
      headersRequired: true,
      params: { _meta: META },
    });
    expect(found.message).to.include({ id: 1, method: 'tools/list' });
  });

  it('does not depend on Mcp-Session-Id or Last-Event-ID (section 1.8)', () => {
    const headers = { ...headersOf('tools/list'), 'mcp-session-id': 'x', 'last-event-id': '7' };
    expect(of(request('tools/list', { _meta: META }), headers)).to.include({ era: 'stateless' });
    expect(eraOf(request('tools/list'), { 'mcp-session-id': 'x' })).to.equal('session');
  });

  it('takes what the client says of itself: capabilities, name, version, level', () => {
    const capabilities = { elicitation: { form: {} }, roots: { listChanged: true } };
    const _meta = {
      ...META,
      [CAPABILITIES]: capabilities,
      [INFO]: { name: 'n'.repeat(300), version: '2.1.330' },
      [LEVEL]: 'warning',
    };
    const found = stateless(request('tools/list', { _meta }), headersOf('tools/list'));
    expect(found.clientCapabilities).to.deep.equal(capabilities);
    expect(found.client).to.deep.equal({ name: 'n'.repeat(200), version: '2.1.330' });
    expect(found.logLevel).to.equal('warning');
  });

  it('needs no clientInfo, and does not mind what it is (R2.4, R2.7)', () => {
    for (const info of [undefined, null, 'me', 5, [], {}, { name: 5 }]) {
      const _meta = { ...META, [INFO]: info };
      const found = stateless(request('tools/list', { _meta }), headersOf('tools/list'));
      expect(found.client).to.deep.equal({ name: '', version: '' });
    }
  });

  it('never is one that throws, or another for another header, whatever body and headers are', () => {
    const meta = fc.dictionary(
      fc.constantFrom(VERSION, CAPABILITIES, INFO, LEVEL),
      fc.oneof(fc.constantFrom('2026-07-28', '2025-11-25', 'debug'), fc.jsonValue()),
    );
    const method = fc.constantFrom('initialize', 'tools/call', 'ping', 'server/discover', '__proto__');
    const headers = fc.dictionary(
      fc.constantFrom('mcp-protocol-version', 'mcp-method', 'mcp-name'),
      fc.oneof(fc.constantFrom('2026-07-28', '2025-11-25', 'tools/call', 'a'), fc.string()),
    );
    fc.assert(
      fc.property(meta, method, headers, fc.boolean(), (_meta, name, given, strict) => {
        const text = request(name, { name: 'a', _meta });
        const found = of(text, given, strict ? BOTH : LENIENT);
        const claimed = Object.hasOwn(_meta, VERSION);
        if ('reason' in found) {
          expect(found).to.include({ id: 1 });
          expect([200, 400, 404]).to.include(found.status);
        } else if (!claimed) expect(found.era).to.equal('session');
        else if (name !== 'initialize') expect(found.era).to.equal('stateless');
      }),
    );
  });
});

describe('initialize', () => {
  it('is the session era, also with a header of the stateless era', () => {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} };
    for (const version of [undefined, '2025-11-25', '2026-07-28'])
      expect(eraOf(request('initialize', params), { 'mcp-protocol-version': version })).to.equal('session');
  });

  it('is the session era where what it claims is not complete, or is no version of the stateless era', () => {
    for (const _meta of [
      { [VERSION]: '2026-07-28' },
      { [VERSION]: '2025-11-25', [CAPABILITIES]: {} },
      { [VERSION]: 7, [CAPABILITIES]: {} },
    ])
      expect(eraOf(request('initialize', { _meta }), {})).to.equal('session');
  });

  it('is an unknown method with a complete claim (R1.19)', () => {
    expect(rejection(request('initialize', { _meta: META }), headersOf('initialize'))).to.include({
      status: 404,
      code: -32601,
      reason: 'method_not_found',
      id: 1,
    });
  });
});

describe('Methods that only the session era has (R1.19)', () => {
  for (const method of [
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'resources/unsubscribe',
    'tasks/list',
  ]) {
    it(`${method} is 404 and -32601`, () => {
      const found = rejection(request(method, { _meta: META }), headersOf(method));
      expect(found).to.include({ status: 404, code: -32601, reason: 'method_not_found', id: 1 });
      expect(found.message).to.include(method);
    });
  }

  it('are left to the server where nobody knows them', () => {
    expect(stateless(request('my/own', { _meta: META }), headersOf('my/own')).message.method).to.equal(
      'my/own',
    );
  });
});

describe('A server that has only sessions', () => {
  const cases: [what: string, method: string, headers: Headers][] = [
    ['server/discover', 'server/discover', headersOf('server/discover')],
    ['a call', 'tools/call', { ...headersOf('tools/call'), 'mcp-name': 'echo' }],
    ['a request without the headers', 'tools/list', {}],
    ['a request with an older version in its header', 'tools/list', { 'mcp-protocol-version': '2025-11-25' }],
  ];
  for (const [what, method, headers] of cases) {
    it(`answers ${what} with 400, -32022 and the versions that begin with initialize`, () => {
      const found = rejection(request(method, { name: 'echo', _meta: META }), headers, SESSIONS);
      expect(found).to.include({ status: 400, code: -32022, reason: 'protocol_version', id: 1 });
      expect(found.data?.supported).to.include('2025-11-25').and.not.include('2026-07-28');
      expect(found.message).to.include('send initialize');
    });
  }

  it('answers the same where only the header names the version (R1.18)', () => {
    for (const method of ['server/discover', 'tools/list']) {
      const found = rejection(request(method), headersOf(method), SESSIONS);
      expect(found, method).to.include({ status: 400, code: -32022, reason: 'protocol_version', id: 1 });
      expect(found.data).to.deep.include({ requested: '2026-07-28' });
    }
  });

  it('leaves initialize, and what is no request, to the session era', () => {
    expect(eraOf(request('initialize'), headersOf('initialize'), SESSIONS)).to.equal('session');
    expect(eraOf(request('initialize', { _meta: META }), {}, SESSIONS)).to.equal('session');
    expect(eraOf('{"jsonrpc":"2.0","method":"x"}', headersOf('x'), SESSIONS)).to.equal('session');
  });
});

describe('Arrays (R1.4)', () => {
  const batch = (...texts: string[]) => `[${texts.join(',')}]`;

  it('are the session era where no message names a version', () => {
    expect(eraOf(batch(request('ping'), request('tools/list')), {})).to.equal('session');
  });

  it('are 400 and -32600, without an id, where one does or the header does', () => {
    for (const [text, headers] of [
      [batch(request('ping'), request('tools/list', { _meta: META })), {}],
      [batch(request('tools/list', { _meta: META })), headersOf('tools/list')],
      [batch(request('tools/list')), headersOf('tools/list')],
    ] as const) {
      const found = rejection(text, headers);
      expect(found).to.include({ status: 400, code: -32600, reason: 'invalid_request' });
      expect(JSON.parse(rejectionResponse(found))).to.not.have.property('id');
    }
  });
});

describe('Notifications (R1.6)', () => {
  const notification = (params?: object) =>
    JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params });

  it('are of the era that their body names, else of that of their header', () => {
    expect(eraOf(notification(), {})).to.equal('session');
    expect(eraOf(notification(), { 'mcp-protocol-version': '2025-11-25' })).to.equal('session');
    expect(of(notification(), { 'mcp-protocol-version': '2026-07-28' })).to.include({
      era: 'stateless',
      kind: 'notification',
    });
    expect(of(notification({ _meta: META }), { 'mcp-protocol-version': '2026-07-28' })).to.include({
      kind: 'notification',
    });
  });

  it('need neither capabilities nor Mcp-Method, but what they have must be right; rejections have no id', () => {
    const claimed = notification({ _meta: { [VERSION]: '2026-07-28' } });
    const header = { 'mcp-protocol-version': '2026-07-28' };
    expect(of(claimed, header)).to.include({ kind: 'notification' });
    const wrong: [text: string, headers: Headers, code: number][] = [
      [claimed, { ...header, 'mcp-method': 'tools/call' }, -32020],
      [notification(), { ...header, 'mcp-method': 'tools/call' }, -32020],
      [claimed, { 'mcp-protocol-version': '2025-11-25' }, -32020],
      [
        notification({ _meta: { [VERSION]: '2027-01-01' } }),
        { 'mcp-protocol-version': '2027-01-01' },
        -32022,
      ],
      [notification({ _meta: { [VERSION]: 1 } }), header, -32602],
    ];
    for (const [text, headers, code] of wrong) {
      const found = rejection(text, headers);
      expect(found, text).to.include({ status: 400, code });
      expect(JSON.parse(rejectionResponse(found))).to.not.have.property('id');
    }
  });
});

describe('Responses of clients (R1.4)', () => {
  it('are the session era, unless the header says that they do not exist', () => {
    const response = '{"jsonrpc":"2.0","id":1,"result":{}}';
    expect(eraOf(response, {})).to.equal('session');
    expect(eraOf(response, { 'mcp-protocol-version': '2025-11-25' })).to.equal('session');
    expect(rejection(response, { 'mcp-protocol-version': '2026-07-28' })).to.include({
      status: 400,
      code: -32600,
    });
  });
});
