import { expect } from 'chai';
import { acceptsAll, isJson, isPlain } from '../../src/transports/http/media-type.js';
import { processorMs } from '../support/processor-time.js';

describe('Content-Type', () => {
  for (const type of [
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json ; profile=x; charset=utf8',
    'application/json;',
  ]) {
    it(`${type} is JSON in UTF-8`, () => expect(isJson(type)).to.equal(true));
  }

  for (const type of [
    undefined,
    '',
    'text/plain',
    'application/jsonp',
    'application/json; charset=iso-8859-1',
    'application/json; charset=utf-16le',
    'application/json; charset=',
  ]) {
    it(`${type} is not`, () => expect(isJson(type)).to.equal(false));
  }
});

describe('Content-Encoding', () => {
  it('leaves a body as it is where it is none', () => {
    for (const encoding of [undefined, '', 'identity']) expect(isPlain(encoding)).to.equal(true);
    for (const encoding of ['gzip', 'br', 'deflate', 'identity, gzip'])
      expect(isPlain(encoding)).to.equal(false);
  });
});

describe('Accept', () => {
  const both = ['application/json', 'text/event-stream'];
  const cases: [accept: string | undefined, taken: boolean][] = [
    ['application/json, text/event-stream', true],
    ['text/event-stream;q=0.5,application/json ; q=1', true],
    ['*/*', true],
    ['application/*, text/*', true],
    [undefined, false],
    ['application/json', false],
    ['application/json, text/event-stream;q=0', false],
    ['application/json, text/event-stream; Q=0.000', false],
    ['application/json, text/event-stream;q=0.001', true],
  ];
  for (const [accept, taken] of cases) {
    it(`${accept} ${taken ? 'takes' : 'does not take'} JSON and SSE`, () => {
      expect(acceptsAll(accept, both)).to.equal(taken);
    });
  }

  it('is read in time linear in its length', () => {
    const spentMs = processorMs(() => {
      for (const part of [';', ' ', ',', ';q=', ';q=0', '; ', '"', '='])
        acceptsAll(part.repeat(16_000), both);
    });
    expect(spentMs).to.be.below(2_000);
  });
});
