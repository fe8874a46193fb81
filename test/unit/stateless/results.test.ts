/** What a server's result becomes for a client of the stateless era, where it has members of that era's names. */
import { expect } from 'chai';
import { statelessResult } from '../../../src/shared/stateless.js';

function resultOf(method: string, result: object, capabilities?: object): Record<string, unknown> {
  return statelessResult(method, { ...result }, { capabilities }, 'single');
}

describe('resultType of a result (R2.2)', () => {
  it('is complete where the server says nothing, or nothing that exists', () => {
    for (const resultType of [undefined, 'complete', 'task', 'other', '', 7, null, {}])
      expect(resultOf('tools/call', { resultType }).resultType, String(resultType)).to.equal('complete');
  });

  it('is input_required only where a request may be answered with questions, and there is one (R5.1, R5.2)', () => {
    const asks = { resultType: 'input_required', inputRequests: {} };
    const typeOf = (method: string, result: object) => resultOf(method, result).resultType;
    for (const method of ['tools/call', 'prompts/get', 'resources/read'])
      expect(typeOf(method, asks), method).to.equal('input_required');
    for (const method of ['tools/list', 'completion/complete'])
      expect(typeOf(method, asks), method).to.equal('complete');
    expect(typeOf('tools/call', { resultType: 'input_required', requestState: 's' })).to.equal(
      'input_required',
    );
    for (const inputRequests of [undefined, [], 'text'])
      expect(typeOf('tools/call', { ...asks, inputRequests })).to.equal('complete');
  });

  it('may be that of an extension which the server declares', () => {
    const extensions = { 'io.modelcontextprotocol/tasks': {} };
    expect(resultOf('tools/call', { resultType: 'task' }, { extensions }).resultType).to.equal('task');
    expect(resultOf('tools/call', { resultType: 'task' }, { extensions: {} }).resultType).to.equal(
      'complete',
    );
  });
});

describe('ttlMs and cacheScope of a result (R7.8)', () => {
  it('stay where they are valid', () => {
    const own = { ttlMs: 5, cacheScope: 'public' };
    expect(resultOf('resources/read', own)).to.include(own);
    expect(resultOf('resources/read', { ttlMs: 0 })).to.include({ ttlMs: 0, cacheScope: 'private' });
  });

  it('say that it must not be kept where they are not', () => {
    for (const ttlMs of [-1, 1.5, '5', null, Number.MAX_VALUE])
      for (const cacheScope of ['PUBLIC', '', 7, null])
        expect(resultOf('tools/list', { ttlMs, cacheScope })).to.include({ ttlMs: 0, cacheScope: 'private' });
  });

  it('are not added to questions, nor to what is not kept', () => {
    const asked = resultOf('resources/read', { resultType: 'input_required', inputRequests: {} });
    expect(asked).to.not.have.any.keys('ttlMs', 'cacheScope');
    expect(resultOf('tools/call', {})).to.not.have.any.keys('ttlMs', 'cacheScope');
  });
});
