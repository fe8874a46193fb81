import { expect } from 'chai';
import fc from 'fast-check';
import {
  type BoundRequest,
  boundRequest,
  isGatewayState,
  paramsDigest,
  RequestStates,
} from '../../../src/session/request-state.js';

const KEY = Buffer.alloc(32, 7).toString('base64');
const BOUND: BoundRequest = {
  server: 'env',
  principal: 'token',
  sharedBy: 'token',
  method: 'tools/call',
  digest: paramsDigest({ name: 'book', arguments: { seats: 2 } }),
};
const STATE = { key: 'r-abcd-1', round: 3, expiresAtMs: 1_800_000_000_000 };

describe('requestState', () => {
  it('comes back as it was sealed, with the run of the gateway that sealed it', () => {
    const states = new RequestStates(undefined);
    expect(states.open(states.seal(STATE, BOUND), BOUND)).to.deep.equal({
      ...STATE,
      gateway: states.gateway,
    });
  });

  it('is opened by a gateway with the same state-key, and by no other', () => {
    const text = new RequestStates(KEY).seal(STATE, BOUND);
    expect(new RequestStates(KEY).open(text, BOUND)).to.include(STATE);
    expect(new RequestStates(Buffer.alloc(32, 8).toString('base64')).open(text, BOUND)).to.equal(undefined);
    expect(new RequestStates(undefined).open(text, BOUND)).to.equal(undefined);
  });

  for (const member of ['server', 'principal', 'sharedBy', 'method', 'digest'] as const) {
    it(`is not opened for another ${member}`, () => {
      const states = new RequestStates(KEY);
      const text = states.seal(STATE, BOUND);
      expect(states.open(text, { ...BOUND, [member]: `${BOUND[member]}.` })).to.equal(undefined);
    });
  }

  it('is not opened where two members of the request together have the same characters', () => {
    const states = new RequestStates(KEY);
    const text = states.seal(STATE, { ...BOUND, server: 'a","b', principal: 'c' });
    expect(states.open(text, { ...BOUND, server: 'a', principal: 'b","c' })).to.equal(undefined);
  });

  it('says nothing of what is in it, and is never the same twice', () => {
    const states = new RequestStates(KEY);
    const texts = [states.seal(STATE, BOUND), states.seal(STATE, BOUND)];
    expect(texts[0]).not.to.equal(texts[1]);
    for (const text of texts) {
      expect(isGatewayState(text)).to.equal(true);
      expect(Buffer.from(text.slice(text.indexOf('.')), 'base64url').toString('latin1')).not.to.include(
        STATE.key,
      );
    }
  });

  it('is refused with any character changed, removed or added', () => {
    const states = new RequestStates(KEY);
    const text = states.seal(STATE, BOUND);
    fc.assert(
      fc.property(
        fc.nat(text.length),
        fc.nat(1),
        fc.string({ unit: 'binary', maxLength: 3 }),
        (offset, removed, added) => {
          const changed = text.slice(0, offset) + added + text.slice(offset + removed);
          fc.pre(changed !== text);
          expect(states.open(changed, BOUND)).to.equal(undefined);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is refused if it is anything else', () => {
    const states = new RequestStates(KEY);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(states.open(text, BOUND)).to.equal(undefined);
        expect(states.open(`bulkhead1.${text}`, BOUND)).to.equal(undefined);
      }),
    );
    expect(states.open(`bulkhead1.${'A'.repeat(1_000_000)}`, BOUND)).to.equal(undefined);
  });
});

describe('The digest of parameters', () => {
  it('does not depend on the order of members, nor on what differs from round to round', () => {
    const first = { name: 'book', arguments: { seats: 2, day: 'Monday' }, _meta: { progressToken: 1 } };
    const retry = {
      requestState: 'x',
      inputResponses: { confirm: { action: 'accept' } },
      _meta: { progressToken: 2 },
      arguments: { day: 'Monday', seats: 2 },
      name: 'book',
    };
    expect(paramsDigest(retry)).to.equal(paramsDigest(first));
  });

  it('differs for other parameters', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (params, value) => {
        fc.pre(JSON.stringify(params.name) !== JSON.stringify(value));
        expect(paramsDigest({ ...params, name: value })).not.to.equal(paramsDigest(params));
      }),
    );
  });

  it('is that of the text of a request', () => {
    const body = JSON.stringify({ id: 1, method: 'tools/call', params: { name: 'book', arguments: {} } });
    const caller = { server: 'env', principal: 'token', sharedBy: 'token and more' };
    expect(boundRequest(caller, 'tools/call', body)).to.deep.equal({
      ...caller,
      method: 'tools/call',
      digest: paramsDigest({ arguments: {}, name: 'book' }),
    });
    expect(boundRequest(caller, 'ping', '{}').digest).to.equal(paramsDigest(undefined));
  });
});
