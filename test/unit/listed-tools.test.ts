import { expect } from 'chai';
import type { ListsFrame } from '../../src/shared/frames/from-worker.js';
import { GivenTools, toolNames } from '../../workers/listed-tools.js';

const FIND = {
  name: 'find',
  inputSchema: { properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
};
const PLAIN = { name: 'find', inputSchema: { properties: {} } };

describe('The tools that clients of the stateless era are given', () => {
  it('are told once, and again when they are others', () => {
    const posted: ListsFrame[] = [];
    const given = new GivenTools((frame) => posted.push(frame));
    given.given([FIND]);
    given.given([FIND]);
    given.given([PLAIN]);
    expect(posted.map(({ tools, headerParams }) => [tools, headerParams.valid.length])).to.deep.equal([
      [['find'], 1],
      [['find'], 0],
    ]);
  });

  it('say nothing that could be remembered for other sessions', () => {
    const posted: ListsFrame[] = [];
    new GivenTools((frame) => posted.push(frame)).given([FIND]);
    expect(posted[0]?.answers).to.deep.equal([]);
  });

  it('have names of bounded number and length', () => {
    const many = Array.from({ length: 2_000 }, (_, index) => ({ name: `tool-${index}` }));
    expect(toolNames(many)).to.have.length(1_000);
    expect(toolNames([{ name: 'n'.repeat(129) }, { name: 5 }, null, 'x', PLAIN])).to.deep.equal(['find']);
    for (const tools of [undefined, null, 'tools', {}]) expect(toolNames(tools)).to.deep.equal([]);
  });
});
