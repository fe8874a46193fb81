import { expect } from 'chai';
import { askedUrls } from '../../../workers/stateless/url-elicitations.js';

const TERMS = { mode: 'url', message: 'Terms', elicitationId: 'e-1', url: 'https://example.com/terms' };
const URLS = { elicitation: { url: {} } };

function asked(elicitations: unknown, capabilities: object = URLS, method = 'tools/call', code = -32042) {
  return askedUrls(method, capabilities as never, { code, data: { elicitations } });
}

describe('A call that fails because its client has to open URLs', () => {
  it('is answered with what is to be opened, and no state: it begins anew', () => {
    expect(asked([TERMS, { ...TERMS, message: 'More' }])).to.deep.equal({
      result: {
        resultType: 'input_required',
        inputRequests: {
          'elicitation-1': {
            method: 'elicitation/create',
            params: { mode: 'url', url: TERMS.url, message: 'Terms' },
          },
          'elicitation-2': {
            method: 'elicitation/create',
            params: { mode: 'url', url: TERMS.url, message: 'More' },
          },
        },
      },
    });
  });

  it('is refused with -32021 where the client has not declared that it can', () => {
    expect(asked([TERMS], { elicitation: {} })).to.deep.nested.include({
      'error.code': -32021,
      'error.data': { requiredCapabilities: { elicitation: { url: {} } } },
    });
  });

  it('stays an error if nothing can be asked', () => {
    for (const elicitations of [undefined, [], [{}], [7], 'x', [{ url: 'https://example.com' }]])
      expect(asked(elicitations), JSON.stringify(elicitations)).to.equal(undefined);
    expect(asked([TERMS], URLS, 'completion/complete')).to.equal(undefined);
    expect(asked([TERMS], URLS, 'tools/call', -32000)).to.equal(undefined);
    expect(askedUrls('tools/call', URLS, { code: -32042 })).to.equal(undefined);
  });
});
