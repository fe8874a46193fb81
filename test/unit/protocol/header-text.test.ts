import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodedHeader,
  encodedForHeader,
  plainHeader,
  type RequestHead,
} from '../../../src/protocol/header-text.js';

describe('A value in a header (R1.21, R1.22)', () => {
  it('is the same after it was encoded and decoded, whatever it is', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.string().map((inner) => `=?base64?${inner}?=`),
      fc.constantFrom('', ' ', '\t', '\ufeff', '\r\n', '=?base64?=', '=?base64??='),
    );
    fc.assert(
      fc.property(text, (value) => {
        const encoded = encodedForHeader(value);
        expect(encoded).to.match(/^[\t\x20-\x7e]+$/);
        expect(decodedHeader(head(encoded), 'mcp-name')).to.equal(value);
      }),
    );
  });

  it('is encoded as the examples of the specification are, and only where it has to be', () => {
    const examples: [value: string, encoded: string][] = [
      ['us-west1', 'us-west1'],
      ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
      [' padded ', '=?base64?IHBhZGRlZCA=?='],
      ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
      ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
    ];
    for (const [value, encoded] of examples) {
      expect(encodedForHeader(value)).to.equal(encoded);
      expect(decodedHeader(head(encoded), 'mcp-name')).to.equal(value);
    }
  });

  it('is taken as it is where it is not marked at both ends, in lower case', () => {
    for (const text of ['SGVsbG8=', '=?base64?SGVsbG8=', 'SGVsbG8=?=', '=?BASE64?SGVsbG8=?=', '=?base64?='])
      expect(decodedHeader(head(text), 'mcp-name'), text).to.equal(text);
  });

  it('is invalid where it is marked as base64 and is not: without padding, with other characters, not in UTF-8', () => {
    for (const inner of ['SGVsbG8', 'SGVs!!!bG8=', 'SGVsbG8=\t', 'SGVsbG9=', '/w==', '7aCA', 'a-_b', '='])
      expect(decodedHeader(head(`=?base64?${inner}?=`), 'mcp-name'), inner).to.equal(null);
  });

  it('is invalid with characters that are not visible ASCII, as Node hands them on', () => {
    for (const text of ['caf\xe9', '\x80', 'a\x7f', '\x00']) {
      expect(plainHeader(head(text), 'mcp-name'), JSON.stringify(text)).to.equal(null);
      expect(decodedHeader(head(text), 'mcp-name'), JSON.stringify(text)).to.equal(null);
    }
  });

  it('is without the white space around it, and with that inside', () => {
    expect(plainHeader(head(' \t a \t b  '), 'mcp-name')).to.equal('a \t b');
    expect(plainHeader(head(' \t '), 'mcp-name')).to.equal('');
  });

  it('is invalid when it comes twice, but not when it has a comma', () => {
    const twice = { headers: { 'mcp-name': 'a, b' }, headersDistinct: { 'mcp-name': ['a', 'b'] } };
    expect(plainHeader(twice, 'mcp-name')).to.equal(null);
    expect(plainHeader(head('Seattle, WA'), 'mcp-name')).to.equal('Seattle, WA');
  });

  it('is absent where it is not there', () => {
    expect(decodedHeader({ headers: {}, headersDistinct: {} }, 'mcp-name')).to.equal(undefined);
  });

  it('is read also where it is very long: nothing takes a time that grows faster than its length', () => {
    const space = ' \t'.repeat(500_000);
    expect(plainHeader(head(`${space}a${space}b`), 'mcp-name')).to.equal(`a${space}b`);
    const long = 'A'.repeat(1_000_000);
    expect(decodedHeader(head(`=?base64?${long}?=`), 'mcp-name')).to.have.length(750_000);
    expect(decodedHeader(head(`=?base64?${'?='.repeat(500_000)}`), 'mcp-name')).to.equal(null);
  });
});

function head(value: string): RequestHead {
  return { headers: { 'mcp-name': value }, headersDistinct: { 'mcp-name': [value] } };
}
