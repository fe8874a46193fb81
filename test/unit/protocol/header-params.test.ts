import { expect } from 'chai';
import fc from 'fast-check';
import type { StatelessRequest } from '../../../src/protocol/era.js';
import { headerParamRejection } from '../../../src/protocol/header-params.js';
import { encodedForHeader } from '../../../src/protocol/header-text.js';
import {
  type HeaderParam,
  headerAnnotations,
  headerParamsOf,
  isHeaderAnnotations,
} from '../../../src/shared/header-params.js';

const REGION = { type: 'string', 'x-mcp-header': 'Region' };

describe('Annotated properties of a tool (R1.24)', () => {
  it('are found wherever a chain of properties leads to them', () => {
    const schema = {
      type: 'object',
      properties: {
        region: REGION,
        query: { type: 'string' },
        page: { type: 'object', properties: { size: { type: 'integer', 'x-mcp-header': 'Page-Size' } } },
        dry: { type: 'boolean', 'x-mcp-header': "!#$%&'*+-.^_`|~" },
      },
    };
    expect(headerParamsOf(schema)).to.deep.equal([
      { header: 'mcp-param-region', path: ['region'], type: 'string' },
      { header: "mcp-param-!#$%&'*+-.^_`|~", path: ['dry'], type: 'boolean' },
      { header: 'mcp-param-page-size', path: ['page', 'size'], type: 'integer' },
    ]);
  });

  it('are none where a schema has none, or is no schema', () => {
    for (const schema of [
      undefined,
      null,
      true,
      [],
      'x',
      {},
      { properties: [] },
      { properties: { a: true } },
    ])
      expect(headerParamsOf(schema)).to.equal(undefined);
  });

  it('are not taken for those that are called so, or are values', () => {
    const called = { properties: { 'x-mcp-header': { type: 'string' } } };
    const values = {
      properties: { a: { default: REGION, enum: [REGION], const: REGION, examples: [REGION] } },
    };
    for (const schema of [called, values]) expect(headerParamsOf(schema)).to.equal(undefined);
  });

  const names: unknown[] = ['', ' ', 'My Region', 'a:b', 'a\r\nb', 'é', 'a\0', '(a)', 5, null, {}];
  for (const name of names) {
    it(`are not valid with the name ${JSON.stringify(name)}`, () => {
      const found = headerParamsOf({ properties: { a: { type: 'string', 'x-mcp-header': name } } });
      expect(found).to.include({ property: 'properties.a' });
      expect(found).to.have.property('wrong').that.includes("part of a header's name");
    });
  }

  for (const type of ['number', 'object', 'array', 'null', undefined, ['string', 'null']]) {
    it(`are not valid with the type ${JSON.stringify(type)}`, () => {
      const found = headerParamsOf({ properties: { a: { type, 'x-mcp-header': 'A' } } });
      expect(found).to.have.property('wrong').that.includes('string, integer or boolean');
    });
  }

  it('are not valid where two have the same name, in whatever letters', () => {
    const schema = { properties: { a: { ...REGION }, b: { type: 'string', 'x-mcp-header': 'REGION' } } };
    expect(headerParamsOf(schema)).to.deep.include({ property: 'properties.b' });
  });

  const elsewhere: [where: string, schema: object][] = [
    ['', REGION],
    ['properties.a.items', { properties: { a: { type: 'array', items: REGION } } }],
    ['properties.a.prefixItems.1', { properties: { a: { prefixItems: [{}, REGION] } } }],
    ['anyOf.0.properties.a', { anyOf: [{ properties: { a: REGION } }] }],
    ['oneOf.0.properties.a', { oneOf: [{ properties: { a: REGION } }] }],
    ['allOf.0.properties.a', { allOf: [{ properties: { a: REGION } }] }],
    ['not.properties.a', { not: { properties: { a: REGION } } }],
    ['if.properties.a', { if: { properties: { a: REGION } } }],
    // biome-ignore lint/suspicious/noThenProperty: it is the keyword of JSON Schema
    ['then.properties.a', { then: { properties: { a: REGION } } }],
    ['else.properties.a', { else: { properties: { a: REGION } } }],
    ['$defs.a', { $defs: { a: REGION }, properties: { a: { $ref: '#/$defs/a' } } }],
    ['definitions.a', { definitions: { a: REGION } }],
    ['patternProperties.^a', { patternProperties: { '^a': REGION } }],
    ['dependentSchemas.a.properties.b', { dependentSchemas: { a: { properties: { b: REGION } } } }],
    ['additionalProperties', { additionalProperties: REGION }],
    ['properties.a.contains', { properties: { a: { contains: REGION } } }],
  ];
  for (const [where, schema] of elsewhere) {
    it(`are not valid at ${where === '' ? 'the schema itself' : where}`, () => {
      const found = headerParamsOf(schema);
      expect(found).to.deep.include({ property: where });
      expect(found).to.have.property('wrong').that.includes('"properties" alone');
    });
  }

  it('are looked for in a bounded part of a schema that is very deep or very large', () => {
    let deep: object = REGION;
    for (let level = 0; level < 100_000; level += 1) deep = { properties: { a: deep } };
    expect(headerParamsOf(deep)).to.equal(undefined);
    const wide = Object.fromEntries(
      Array.from({ length: 200_000 }, (_, index) => [`p${index}`, { type: 'string' }]),
    );
    expect(headerParamsOf({ properties: { region: REGION, ...wide } })).to.have.length(1);
  });
});

describe('The annotations of a list of tools', () => {
  it('are those of its valid tools, and what is wrong with the others', () => {
    const found = headerAnnotations([
      { name: 'good', inputSchema: { properties: { region: REGION } } },
      { name: 'plain', inputSchema: { properties: {} } },
      { name: 'bad', inputSchema: { properties: { a: { type: 'number', 'x-mcp-header': 'A' } } } },
      { name: 5, inputSchema: { properties: { region: REGION } } },
      null,
    ]);
    expect(found.valid).to.deep.equal([
      { tool: 'good', params: [{ header: 'mcp-param-region', path: ['region'], type: 'string' }] },
    ]);
    expect(found.invalid.map(({ tool, property }) => ({ tool, property }))).to.deep.equal([
      { tool: 'bad', property: 'properties.a' },
    ]);
    expect(isHeaderAnnotations(found)).to.equal(true);
    expect(headerAnnotations('tools')).to.deep.equal({ valid: [], invalid: [] });
  });

  it('are known in part only where a server has very many', () => {
    const tools = Array.from({ length: 5_000 }, (_, index) => ({
      name: `tool-${index}`,
      inputSchema: { properties: { ['p'.repeat(1_000)]: REGION } },
    }));
    const found = headerAnnotations(tools);
    expect(found.valid.length).to.be.within(1, 200);
    expect(isHeaderAnnotations(found)).to.equal(true);
  });

  it('are refused where a module has made them up', () => {
    const param = { header: 'mcp-param-a', path: ['a'], type: 'string' };
    const forged = (value: object) => ({
      valid: [{ tool: 't', params: [{ ...param, ...value }] }],
      invalid: [],
    });
    expect(isHeaderAnnotations(forged({}))).to.equal(true);
    for (const value of [
      forged({ header: 'authorization' }),
      forged({ header: 'mcp-param-a b' }),
      forged({ type: 'number' }),
      forged({ path: [1] }),
      forged({ path: ['p'.repeat(1_000_000)] }),
      { valid: [] },
      { valid: [], invalid: [{ tool: 't', property: 1, wrong: '' }] },
      null,
      [],
    ])
      expect(isHeaderAnnotations(value), JSON.stringify(value)?.slice(0, 80)).to.equal(false);
  });
});

describe('Mcp-Param headers (R1.25)', () => {
  const param = (type: HeaderParam['type']): HeaderParam => ({ header: 'mcp-param-a', path: ['a'], type });

  it('are accepted where they repeat the argument, plain or encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        expect(check(param('string'), { a: value }, encodedForHeader(value))).to.equal(undefined);
      }),
    );
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(check(param('integer'), { a: value }, String(value))).to.equal(undefined);
        expect(check(param('integer'), { a: value }, `${value}.0`)).to.equal(undefined);
      }),
    );
    for (const value of [true, false])
      expect(check(param('boolean'), { a: value }, String(value))).to.equal(undefined);
  });

  it('are 400 and -32020 where they differ, or are missing although there is a value', () => {
    const wrong: [type: HeaderParam['type'], value: unknown, header: string | undefined][] = [
      ['string', 'us-west1', undefined],
      ['string', 'us-west1', ''],
      ['string', 'us-west1', 'US-WEST1'],
      ['string', 'é', 'é'],
      ['string', 'Hello', '=?base64?SGVsbG8?='],
      ['string', 'Hello', '=?base64?SGVs!!!bG8=?='],
      ['string', '=?base64?SGVsbG8=?=', '=?base64?SGVsbG8=?='],
      ['string', '', undefined],
      ['integer', 42, '43'],
      ['integer', 42, '42.5'],
      ['integer', 42, '0x2a'],
      ['integer', 42, '4.2e1'],
      ['integer', 42, ''],
      ['integer', 2 ** 53, '9007199254740992'],
      ['integer', Number.MAX_SAFE_INTEGER, '9007199254740992'],
      ['integer', 0, undefined],
      ['boolean', true, 'True'],
      ['boolean', true, '1'],
      ['boolean', false, undefined],
      ['string', { b: 1 }, 'b'],
      ['string', ['us-west1'], 'us-west1'],
    ];
    for (const [type, value, header] of wrong) {
      const found = check(param(type), { a: value }, header);
      expect(found, `${JSON.stringify(value)} ${header}`).to.include({
        status: 400,
        code: -32020,
        reason: 'header_mismatch',
        id: 1,
      });
      expect(found?.message).to.include('mcp-param-a');
    }
  });

  it('are not expected where there is no value, and are wrong there', () => {
    for (const given of [undefined, null, {}, { a: null }, { a: undefined }, [], 'a', { A: 'x' }]) {
      expect(check(param('string'), given, undefined), JSON.stringify(given)).to.equal(undefined);
      expect(check(param('string'), given, 'x'), JSON.stringify(given)).to.include({ code: -32020 });
    }
  });

  it('are not expected where no header could repeat the value: the tool says what is wrong with it', () => {
    for (const value of [{}, ['us-west1']])
      expect(check(param('string'), { a: value }, undefined)).to.equal(undefined);
  });

  it('read the value at exactly the path of the property, and nothing that is inherited', () => {
    const nested: HeaderParam = { header: 'mcp-param-a', path: ['page', 'size'], type: 'integer' };
    expect(check(nested, { page: { size: 5 } }, '5')).to.equal(undefined);
    expect(check(nested, { 'page.size': 5, page: 5 }, undefined)).to.equal(undefined);
    const inherited: HeaderParam = { header: 'mcp-param-a', path: ['constructor', 'name'], type: 'string' };
    expect(check(inherited, {}, undefined)).to.equal(undefined);
  });

  it('are only compared, not asked for, where the version header was forgiven', () => {
    expect(check(param('string'), { a: 'x' }, undefined, false)).to.equal(undefined);
    expect(check(param('string'), { a: 'x' }, 'y', false)).to.include({ code: -32020 });
  });

  it('that repeat no annotated property are ignored', () => {
    const head = { headers: { 'mcp-param-other': 'x' }, headersDistinct: {} };
    expect(headerParamRejection([], call({ a: 'y' }), head)).to.equal(undefined);
  });
});

function check(param: HeaderParam, given: unknown, header: string | undefined, headersRequired = true) {
  const headers = { [param.header]: header };
  const headersDistinct = { [param.header]: header === undefined ? undefined : [header] };
  return headerParamRejection([param], call(given, headersRequired), { headers, headersDistinct });
}

function call(given: unknown, headersRequired = true): StatelessRequest {
  return {
    era: 'stateless',
    kind: 'request',
    message: {
      kind: 'request',
      id: 1,
      replyId: 1,
      method: 'tools/call',
      tool: 't',
      fastPath: false,
      stateless: false,
      progressToken: undefined,
      params: undefined,
      body: '',
    },
    params: { name: 't', arguments: given },
    protocolVersion: '2026-07-28',
    clientCapabilities: {},
    client: { name: '', version: '' },
    logLevel: undefined,
    headersRequired,
  };
}
