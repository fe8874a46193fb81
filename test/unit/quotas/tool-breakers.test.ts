import { expect } from 'chai';
import { ToolBreakers } from '../../../src/quotas/tool-breakers.js';

const SECOND = 1_000;
const TOOL = { consumer: 'ada', server: 'env', tool: 'crash' };

describe('Tool breakers', () => {
  it('close a tool at the first death that is too many, for a minute', () => {
    const breakers = new ToolBreakers(2);
    expect([0, 1, 2].map((second) => breakers.died(TOOL, second * SECOND))).to.deep.equal([
      false,
      false,
      true,
    ]);
    expect(breakers.closedMs(TOOL, 2 * SECOND)).to.equal(60 * SECOND);
    expect(breakers.closedMs(TOOL, 61 * SECOND)).to.equal(SECOND);
    expect(breakers.closedMs(TOOL, 62 * SECOND)).to.equal(0);
  });

  it('count from the beginning once it is open again', () => {
    const breakers = new ToolBreakers(1);
    expect([0, 1].map((second) => breakers.died(TOOL, second * SECOND))).to.deep.equal([false, true]);
    expect(breakers.died(TOOL, 62 * SECOND)).to.equal(false);
    expect(breakers.closedMs(TOOL, 62 * SECOND)).to.equal(0);
    expect(breakers.died(TOOL, 63 * SECOND)).to.equal(true);
  });

  it('let deaths pass that are more than a minute apart', () => {
    const breakers = new ToolBreakers(1);
    for (let minute = 0; minute < 5; minute += 1)
      expect(breakers.died(TOOL, minute * 61 * SECOND)).to.equal(false);
  });

  it('do not close it for longer because of calls that were under way', () => {
    const breakers = new ToolBreakers(1);
    breakers.died(TOOL, 0);
    breakers.died(TOOL, SECOND);
    expect(breakers.died(TOOL, 30 * SECOND)).to.equal(false);
    expect(breakers.closedMs(TOOL, 62 * SECOND)).to.equal(0);
  });

  it('close it for nobody else, and no other tool or server', () => {
    const breakers = new ToolBreakers(1);
    for (let death = 0; death < 2; death += 1) breakers.died(TOOL, 0);
    for (const other of [{ consumer: 'bob' }, { server: 'files' }, { tool: 'echo' }])
      expect(breakers.closedMs({ ...TOOL, ...other }, 0)).to.equal(0);
  });

  it('remember no more than 10,000 of them, and none for longer than it matters', () => {
    const breakers = new ToolBreakers(5);
    for (let index = 0; index < 12_000; index += 1) breakers.died({ ...TOOL, tool: `t${index}` }, index);
    expect(breakers.size).to.equal(10_000);
    breakers.died(TOOL, 300 * SECOND);
    expect(breakers.size).to.equal(1);
  });
});
