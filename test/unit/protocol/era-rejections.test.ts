/** What a request of the stateless era must have in its `_meta` and its headers, and how it is rejected without. */
import { expect } from 'chai';
import { parseBody } from '../../../src/protocol/json-rpc.js';
import { rejectionResponse } from '../../../src/protocol/rejection.js';
import {
  CAPABILITIES,
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

  it('is the same where it is no _meta at all, or a part of it that both eras have is malformed', () => {
    const wrong = [
      { progressToken: {} },
      { progressToken: 1.5 },
      { 'io.modelcontextprotocol/related-task': 7 },
    ];
    const malformed = [null, [], 'text', ...wrong.map((member) => ({ ...META, ...member }))];
    for (const _meta of malformed) {
      const found = parseBody(request('tools/list', { _meta }));
      expect(found, JSON.stringify(_meta)).to.include({ reason: 'request_meta', code: -32602, id: 1 });
    }
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
