import { expect } from 'chai';
import { eventIdSuffix, parseEventId } from '../../src/delivery/event-id.js';
import type { RequestId } from '../../src/shared/request-id.js';

describe('Event ids', () => {
  const requests: [what: string, ids: RequestId[]][] = [
    ['no request (the GET stream)', []],
    ['a number', [7]],
    ['zero', [0]],
    ['a negative number', [-3]],
    ['a text', ['call-1']],
    ['an empty text', ['']],
    ['a text with dots, commas, line ends and letters beyond ASCII', ['a.b,c\r\n\u{1f600}\u00e9\0']],
    ['a number and the same as a text', [1, '1']],
    ['a batch', ['a', 2, 'c', 4]],
  ];
  for (const [what, ids] of requests) {
    it(`carry ${what} there and back`, () => {
      const id = `42${eventIdSuffix('p3', ids)}`;
      expect(parseEventId(id)).to.deep.equal({ sequence: 42, stream: 'p3', requestIds: ids });
    });

    it(`are fit for a header and an SSE field with ${what}`, () => {
      expect(`42${eventIdSuffix('p3', ids)}`).to.match(/^[A-Za-z0-9._-]+$/);
    });
  }

  it('leave request ids out that would make them too long for a header, and still name the stream', () => {
    const ids = Array.from({ length: 100 }, (_, index) => `${index}`.padStart(256, 'x'));
    const id = `1${eventIdSuffix('p1', ids)}`;
    expect(id.length).to.be.below(100);
    expect(parseEventId(id)).to.deep.equal({ sequence: 1, stream: 'p1', requestIds: [] });
  });

  const base64url = (text: string) => Buffer.from(text).toString('base64url');
  const foreign: [what: string, text: string][] = [
    ['nothing', ''],
    ['a bare number', '17'],
    ["another server's id", '0b8e6a1c-6b0e-4ea1-9a53-0d5d2f7b7a3e_42'],
    ['a sequence that is no number', 'x.get'],
    ['a negative sequence', '-1.get'],
    ['a sequence beyond what a number holds', `${'9'.repeat(16)}.get`],
    ['a stream of other characters', '1.Get'],
    ['request ids that are no base64url', '1.p1.***'],
    ['request ids that are no JSON', `1.p1.${base64url('[1')}`],
    ['request ids that are no list', `1.p1.${base64url('{"0":1}')}`],
    ['a request id that is null', `1.p1.${base64url('[null]')}`],
    ['a request id that is a fraction', `1.p1.${base64url('[1.5]')}`],
    ['request ids that are an object', `1.p1.${base64url('[{}]')}`],
    ['something behind it', '1.p1.WzFd.more'],
    ['a line end behind it', '1.get\n'],
    ['more request ids than it would ever write', `1.p1.${'A'.repeat(2_001)}`],
  ];
  for (const [what, text] of foreign) {
    it(`are not read from ${what}`, () => expect(parseEventId(text)).to.equal(undefined));
  }
});
