import { expect } from 'chai';
import { StatelessCalls, type StatelessMessage } from '../../../workers/stateless/stateless-calls.js';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** What the client of this request gets when the server answers with this. */
function answered(request: Omit<StatelessMessage, 'id'>, answer: object): unknown {
  const calls = new StatelessCalls();
  calls.arrived('key', { id: 7, ...request });
  return calls.response({ jsonrpc: '2.0', id: 'key', ...answer });
}

describe('a request of the stateless era, to a server that speaks the session era', () => {
  it("has the gateway's id for the server, and the client's in its answer", () => {
    const calls = new StatelessCalls();
    const params = { name: 'echo', arguments: { text: 'hi' }, _meta: META };
    expect(calls.arrived('key', { id: 7, method: 'tools/call', params })).to.deep.equal({
      id: 'key',
      method: 'tools/call',
      params,
    });
    expect(calls.response({ jsonrpc: '2.0', id: 'key', result: { content: [] } })).to.deep.include({ id: 7 });
    expect(calls.response({ jsonrpc: '2.0', id: 'key', result: { content: [] } })).to.equal(undefined);
  });

  it('does not say that it is to become a task, which is of 2025-11-25', () => {
    const params = { name: 'echo', arguments: {}, task: { ttl: 1_000 }, _meta: META };
    const calls = new StatelessCalls();
    const { params: passedOn } = calls.arrived('key', { id: 7, method: 'tools/call', params });
    expect(passedOn).to.deep.equal({ name: 'echo', arguments: {}, _meta: META });
  });

  describe('whose answer is an error,', () => {
    const read = { method: 'resources/read', params: { uri: 'test://none', _meta: META } };
    const call = { method: 'tools/call', params: { name: 'none', _meta: META } };
    const error = (code: number, data?: object) => ({
      error: { code, message: 'no', ...(data === undefined ? {} : { data }) },
    });
    const cases: [what: string, request: typeof read | typeof call, answer: object, expected: object][] = [
      [
        'names the resource that is missing',
        read,
        error(-32602),
        { code: -32602, message: 'no', data: { uri: 'test://none' } },
      ],
      [
        'has this era\u2019s code for a missing resource',
        read,
        error(-32002),
        { code: -32602, message: 'no', data: { uri: 'test://none' } },
      ],
      [
        'keeps what its server says of it',
        read,
        error(-32002, { uri: 'test://other', why: 'gone' }),
        { code: -32602, message: 'no', data: { uri: 'test://other', why: 'gone' } },
      ],
      ['has no data where no resource was read', call, error(-32002), { code: -32602, message: 'no' }],
      ['stays as it is', call, error(-32602), { code: -32602, message: 'no' }],
      ['has no code that is reserved', call, error(-32001), { code: -31000, message: 'no' }],
      [
        'has no code by which this era tells clients something else',
        call,
        error(-32020),
        { code: -31000, message: 'no' },
      ],
      ['has no code that is reserved further down', call, error(-32099), { code: -31000, message: 'no' }],
      ['tells that a capability is missing', call, error(-32021), { code: -32021, message: 'no' }],
      ['does not ask for a page to be visited', call, error(-32042), { code: -32603, message: 'no' }],
    ];
    for (const [what, request, answer, expected] of cases) {
      it(what, () => {
        expect(answered(request, answer)).to.deep.equal({ jsonrpc: '2.0', id: 7, error: expected });
      });
    }
  });
});
