import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';
import { SESSION_VERSIONS } from '../../../src/shared/stateless-protocol.js';

describe('The versions of the session era', () => {
  it('are those of the SDK', () => {
    expect(SESSION_VERSIONS).to.deep.equal(SUPPORTED_PROTOCOL_VERSIONS);
  });
});
