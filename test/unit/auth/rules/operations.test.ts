import { expect } from 'chai';
import { operationsIn } from '../../../../src/auth/rules/operations.js';

const request = (method: string, params: object): [string, string] => [
  method,
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
];

describe('What a request names', () => {
  for (const [method, params, operations] of [
    ['tools/call', { name: 'a', arguments: { name: 'b', Name: 'c' } }, [{ kind: 'tools', name: 'a' }]],
    ['prompts/get', { name: 'a' }, [{ kind: 'prompts', name: 'a' }]],
    ['resources/read', { uri: 'x:y' }, [{ kind: 'resources', name: 'x:y' }]],
    ['resources/subscribe', { uri: 'x:y' }, [{ kind: 'resources', name: 'x:y' }]],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'a' } }, [{ kind: 'prompts', name: 'a' }]],
    ['completion/complete', { ref: { type: 'ref/resource', uri: 'x' } }, [{ kind: 'resources', name: 'x' }]],
    [
      'subscriptions/listen',
      { notifications: { resourceSubscriptions: ['x', 'y'] } },
      [
        { kind: 'resources', name: 'x' },
        { kind: 'resources', name: 'y' },
      ],
    ],
    ['tools/list', { name: 'a' }, []],
  ] as const) {
    it(`is read of ${method} ${JSON.stringify(params)}`, () => {
      expect(operationsIn(...request(method, params))).to.deep.equal({ operations });
    });
  }

  for (const [what, body] of [
    ['a name that appears twice', '{"method":"tools/call","params":{"name":"a","name":"b"}}'],
    ['params that appear twice', '{"method":"tools/call","params":{"name":"a"},"params":{"name":"b"}}'],
    ['a method that appears twice', '{"method":"tools/list","method":"tools/call","params":{"name":"a"}}'],
    ['a name in capital letters', '{"method":"tools/call","params":{"name":"a","Name":"b"}}'],
    ['an escaped name that appears twice', '{"method":"tools/call","params":{"name":"a","n\\u0061me":"b"}}'],
    ['a name that is a list', '{"method":"tools/call","params":{"name":["a"]}}'],
    ['no name', '{"method":"tools/call"}'],
  ] as const)
    it(`is not read where a server may read another: ${what}`, () => {
      expect(operationsIn('tools/call', body)).to.have.property('why');
    });

  it('is not read of a reference that has two names', () => {
    const body =
      '{"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"a","name":"b"}}}';
    expect(operationsIn('completion/complete', body)).to.have.property('why');
  });
});
