import { expect } from 'chai';
import fc from 'fast-check';
import { type Classification, classify, type EraPolicy } from '../../../src/protocol/era.js';
import type { EraRejection } from '../../../src/protocol/era-rejection.js';
import { parseBody } from '../../../src/protocol/json-rpc.js';
import { rejectionResponse } from '../../../src/protocol/rejection.js';

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const INFO = 'io.modelcontextprotocol/clientInfo';
const LEVEL = 'io.modelcontextprotocol/logLevel';
const META = { [VERSION]: '2026-07-28', [CAPABILITIES]: {} };

const BOTH: EraPolicy = { stateless: true, lenientVersionHeader: false };
const LENIENT: EraPolicy = { stateless: true, lenientVersionHeader: true };
const SESSIONS: EraPolicy = { stateless: false, lenientVersionHeader: false };

type Headers = Record<string, string | undefined>;

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

describe('A request without the _meta that it must have (R2.5)', () => {
  const missing: [what: string, params: object | undefined, keys: string[]][] = [
    ['no params', undefined, [VERSION, CAPABILITIES]],
    ['no _meta', {}, [VERSION, CAPABILITIES]],
    ['no protocolVersion', { _meta: { [CAPABILITIES]: {} } }, [VERSION]],
    ['no clientCapabilities', { _meta: { [VERSION]: '2026-07-28' } }, [CAPABILITIES]],
  ];
  for (const [what, params, keys] of missing) {
    it(`is 400 and -32602 with ${what}, and says what is missing`, () => {
      for (const method of ['tools/list', 'server/discover']) {
        const found = rejection(request(method, params), headersOf(method));
        expect(found).to.include({ status: 400, code: -32602, reason: 'request_meta', id: 1 });
        expect(found.data).to.deep.equal({ missing: keys });
        for (const key of keys) expect(found.message).to.include(key);
      }
    });
  }

  it('is the same with one that is malformed', () => {
    for (const _meta of [
      { ...META, [VERSION]: 7 },
      { ...META, [VERSION]: null },
      { ...META, [CAPABILITIES]: [] },
      { ...META, [CAPABILITIES]: null },
      { ...META, [CAPABILITIES]: 'all' },
    ])
      expect(
        rejection(request('tools/list', { _meta }), headersOf('tools/list')),
        JSON.stringify(_meta),
      ).to.include({
        status: 400,
        code: -32602,
        id: 1,
      });
  });

  it('is answered in band where only the log level is unknown (R7.9)', () => {
    for (const level of ['loud', 7, null, 'Debug']) {
      const _meta = { ...META, [LEVEL]: level };
      const found = rejection(request('tools/list', { _meta }), headersOf('tools/list'));
      expect(found).to.include({ status: 200, code: -32602, id: 1 });
      expect(found.message).to.include('debug, info, notice');
    }
  });
});

describe('MCP-Protocol-Version (R1.17)', () => {
  it('that differs from the body, or is missing, is 400 and -32020', () => {
    for (const version of ['2027-01-01', '', undefined, '2026-07-28, 2026-07-28', '2026-07-2\xe9']) {
      const headers = { ...headersOf('tools/list'), 'mcp-protocol-version': version };
      const found = rejection(request('tools/list', { _meta: META }), headers);
      expect(found, version).to.include({ status: 400, code: -32020, reason: 'header_mismatch', id: 1 });
      expect(found.message).to.include('MCP-Protocol-Version');
    }
  });

  const _meta = { ...META, [INFO]: { name: 'claude-ai', version: '0.1' } };
  const older = { ...headersOf('tools/list'), 'mcp-protocol-version': '2025-11-25' };

  it('of the session era has a reason of its own, and the log is given the name of the client', () => {
    const found = rejection(request('tools/list', { _meta }), older);
    expect(found).to.include({ status: 400, code: -32020, reason: 'version_header', id: 1 });
    expect(found.detail).to.include('"claude-ai" "0.1"');
    expect(found.message).to.not.include('claude-ai');
  });

  it('of the session era is forgiven with lenient-version-header', () => {
    const found = stateless(request('tools/list', { _meta }), older, LENIENT);
    expect(found).to.include({ protocolVersion: '2026-07-28', headersRequired: false });
  });

  it('that was forgiven asks for no other header, but for equal ones', () => {
    const call = request('tools/call', { name: 'echo', _meta });
    const header = { 'mcp-protocol-version': '2025-11-25' };
    expect(stateless(call, header, LENIENT).headersRequired).to.equal(false);
    expect(rejection(call, { ...header, 'mcp-name': 'other' }, LENIENT)).to.include({ code: -32020 });
    expect(rejection(call, { ...header, 'mcp-method': 'tools/list' }, LENIENT)).to.include({ code: -32020 });
  });

  it('is not forgiven where it is missing, or a version that nobody knows', () => {
    for (const version of [undefined, '2027-01-01'])
      expect(
        rejection(request('tools/list', { _meta }), { ...older, 'mcp-protocol-version': version }, LENIENT),
      ).to.include({ reason: 'header_mismatch' });
  });
});

describe('A version that is not served (R1.18)', () => {
  for (const version of ['1900-01-01', '2027-01-01', '2025-11-25', '']) {
    it(`is 400 and -32022 with what is: ${JSON.stringify(version)}`, () => {
      const _meta = { ...META, [VERSION]: version };
      const found = rejection(request('tools/list', { _meta }), { 'mcp-protocol-version': version });
      expect(found).to.include({ status: 400, code: -32022, reason: 'protocol_version', id: 1 });
      expect(found.data).to.deep.include({ requested: version });
      expect(found.data?.supported).to.include.members(['2026-07-28', '2025-11-25']);
    });
  }

  it('is told before a header that is missing: the list helps more (section 4a, 5)', () => {
    const _meta = { [VERSION]: '2027-01-01' };
    const found = rejection(request('tools/list', { _meta }), { 'mcp-protocol-version': '2027-01-01' });
    expect(found.code).to.equal(-32022);
  });

  it('is repeated only in part when it is very long', () => {
    const _meta = { ...META, [VERSION]: 'v'.repeat(100_000) };
    const found = rejection(request('tools/list', { _meta }), {
      'mcp-protocol-version': 'v'.repeat(100_000),
    });
    expect(rejectionResponse(found).length).to.be.below(1_000);
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

  it('knows nothing of the header: what claims nothing is the session era', () => {
    for (const method of ['server/discover', 'tools/list', 'initialize'])
      expect(eraOf(request(method), headersOf(method), SESSIONS), method).to.equal('session');
    expect(eraOf(request('initialize', { _meta: META }), {}, SESSIONS)).to.equal('session');
    expect(eraOf('{"jsonrpc":"2.0","method":"x"}', headersOf('x'), SESSIONS)).to.equal('session');
  });
});

describe('Mcp-Method (R1.21)', () => {
  it('that is missing, differs, or is written in other letters is 400 and -32020', () => {
    for (const value of [
      undefined,
      '',
      'prompts/list',
      'TOOLS/LIST',
      'tools/list, tools/list',
      'tools/list\x80',
    ]) {
      const found = rejection(request('tools/list', { _meta: META }), {
        ...headersOf('tools/list'),
        'mcp-method': value,
      });
      expect(found, value).to.include({ status: 400, code: -32020, reason: 'header_mismatch', id: 1 });
      expect(found.message).to.include('Mcp-Method');
    }
  });

  it('may have white space around it', () => {
    const headers = { ...headersOf('tools/list'), 'mcp-method': '  tools/list\t' };
    expect(of(request('tools/list', { _meta: META }), headers)).to.include({ era: 'stateless' });
  });

  it('is compared with the whole method, however long', () => {
    const method = 'm'.repeat(5_000);
    expect(of(request(method, { _meta: META }), headersOf(method))).to.include({ era: 'stateless' });
    expect(rejection(request(`${method}2`, { _meta: META }), headersOf(`${method}1`)).code).to.equal(-32020);
  });
});

describe('Mcp-Name (R1.21, R1.22)', () => {
  const named: [method: string, parameter: string, value: string][] = [
    ['tools/call', 'name', 'get_weather'],
    ['prompts/get', 'name', 'review'],
    ['resources/read', 'uri', 'file:///projects/config.json'],
    ['tasks/get', 'taskId', 't-1'],
  ];
  for (const [method, parameter, value] of named) {
    it(`of ${method} repeats params.${parameter}`, () => {
      const text = request(method, { [parameter]: value, _meta: META });
      expect(of(text, { ...headersOf(method), 'mcp-name': value })).to.include({ era: 'stateless' });
      for (const other of [undefined, '', 'other', value.toUpperCase(), `${value}\xe9`]) {
        const found = rejection(text, { ...headersOf(method), 'mcp-name': other });
        expect(found, other).to.include({ status: 400, code: -32020, reason: 'header_mismatch', id: 1 });
        expect(found.message).to.include('Mcp-Name');
      }
    });
  }

  it('is decoded before it is compared', () => {
    const text = request('tools/call', { name: 'Grüße', _meta: META });
    const encoded = `=?base64?${Buffer.from('Grüße').toString('base64')}?=`;
    expect(of(text, { ...headersOf('tools/call'), 'mcp-name': encoded })).to.include({ era: 'stateless' });
    for (const wrong of ['Grüße', encoded.replace('base64', 'BASE64'), '=?base64?R3LDvMOf?='])
      expect(rejection(text, { ...headersOf('tools/call'), 'mcp-name': wrong }).code, wrong).to.equal(-32020);
  });

  it('is decoded also where the name itself looks encoded', () => {
    const name = '=?base64?YQ==?=';
    const text = request('tools/call', { name, _meta: META });
    expect(rejection(text, { ...headersOf('tools/call'), 'mcp-name': name }).code).to.equal(-32020);
  });

  it('is not asked for where a method has none, or the request lacks what it would repeat', () => {
    expect(
      of(request('tools/list', { _meta: META }), { ...headersOf('tools/list'), 'mcp-name': 'x' }),
    ).to.include({
      era: 'stateless',
    });
    expect(of(request('tools/call', { _meta: META }), headersOf('tools/call'))).to.include({
      era: 'stateless',
    });
    expect(of(request('constructor', { _meta: META }), headersOf('constructor'))).to.include({
      era: 'stateless',
    });
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

describe('Rejections of the stateless era', () => {
  it('carry the id of the request as it came (R2.8)', () => {
    for (const id of [0, -7, 'a', '7', Number.MAX_SAFE_INTEGER]) {
      const text = JSON.stringify({ jsonrpc: '2.0', id, method: 'ping', params: { _meta: META } });
      expect(JSON.parse(rejectionResponse(rejection(text, headersOf('ping'))))).to.include({ id });
    }
  });

  it('say in their data what the protocol defines, and why', () => {
    const _meta = { ...META, [VERSION]: '2027-01-01' };
    const found = rejection(request('tools/list', { _meta }), { 'mcp-protocol-version': '2027-01-01' });
    const { error } = JSON.parse(rejectionResponse(found)) as { error: { data: object } };
    expect(error.data).to.deep.include({ reason: 'protocol_version', requested: '2027-01-01' });
  });

  it('use no code of the ranges that the revision forbids (R2.9)', () => {
    const codes = new Set<number>();
    for (const headers of [{}, headersOf('ping'), headersOf('tools/list')])
      for (const _meta of [META, { [VERSION]: 1 }, { [VERSION]: '2027-01-01' }])
        for (const text of [request('ping', { _meta }), `[${request('ping', { _meta })}]`]) {
          const found = of(text, headers);
          if ('reason' in found) codes.add(found.code);
        }
    expect([...codes].every((code) => code < -32099 || [-32020, -32021, -32022].includes(code))).to.equal(
      true,
    );
  });
});

function request(method: string, params?: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
}

function headersOf(method: string): Headers {
  return { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method };
}

function of(text: string, headers: Headers, policy = BOTH): Classification {
  const parsed = parseBody(text);
  if ('reason' in parsed) throw new Error(parsed.message);
  const distinct = Object.entries(headers).map(([name, value]) => [name, value?.split(', ')] as const);
  return classify(parsed, { headers, headersDistinct: Object.fromEntries(distinct) }, policy);
}

function eraOf(...given: Parameters<typeof of>): string {
  const found = of(...given);
  return 'reason' in found ? found.reason : found.era;
}

function stateless(text: string, headers: Headers, policy = BOTH) {
  const found = of(text, headers, policy);
  if ('reason' in found) throw new Error(found.message);
  if (found.era !== 'stateless' || found.kind !== 'request') throw new Error(JSON.stringify(found));
  return found;
}

function rejection(text: string, headers: Headers, policy = BOTH): EraRejection {
  const found = of(text, headers, policy);
  if (!('reason' in found)) throw new Error(`It was accepted: ${JSON.stringify(found)}`);
  return found;
}
