import { expect } from 'chai';
import {
  betterThanOwn,
  comparisonTable,
  readingText,
  withPeersSection,
} from '../../../bench/peers/report.js';
import { NODE_MAJOR } from '../../../src/shared/node-version.js';

const columns = ['Bulkhead', 'SDK 1', 'proxy'].map((name) => ({
  name,
  version: '1.2.3',
  setUp: `what ${name} is`,
}));
const rate = { name: 'echo', unit: 'calls/s', better: 'higher' } as const;
const wait = { name: 'wait', unit: 'ms', better: 'lower' } as const;
const comparison = {
  columns,
  lines: [
    { measure: rate, readings: [{ value: 9000 }, { value: 3000 }, { note: 'failed: no | answer' }] },
    { measure: wait, readings: [{ value: 10 }, { value: 9.5 }, { value: 5, note: '2 × timeout' }] },
    { measure: { ...wait, name: 'end' }, readings: [{ note: 'never' }, { value: 1 }, {}] },
  ],
};

function rows(table: string): string[][] {
  return table.split('\n').map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('the comparison with the peers', () => {
  it('has a column for each peer and the best value of a row in bold', () => {
    const [headings, , first, second] = rows(comparisonTable(comparison));
    expect(headings).to.deep.equal(['measured', 'Bulkhead', 'SDK 1', 'proxy']);
    expect(first?.slice(0, 3)).to.deep.equal(['echo', '**9,000 calls/s**', '3,000 calls/s']);
    expect(second?.[3]).to.equal('**5 ms (2 × timeout)**');
  });

  it('says in words what could not be measured, without breaking the table', () => {
    expect(rows(comparisonTable(comparison))[2]?.[3]).to.equal('failed: no \\| answer');
    expect(readingText({ note: 'two\nlines' }, rate)).to.equal('two lines');
    expect(readingText({}, rate)).to.equal('not measured');
  });

  it('marks no value as best where all are the same or there is only one', () => {
    const same = {
      columns,
      lines: [{ measure: wait, readings: [{ value: 1 }, { value: 1 }, { value: 1 }] }],
    };
    expect(comparisonTable(same)).not.to.include('**');
    const one = { columns, lines: [{ measure: wait, readings: [{ value: 1 }, {}, {}] }] };
    expect(comparisonTable(one)).not.to.include('**');
  });

  it('lists what others do better by a tenth, also where Bulkhead has no value', () => {
    expect(betterThanOwn(comparison)).to.deep.equal([
      '- wait: proxy 5 ms; Bulkhead 10 ms.',
      '- end: SDK 1 1 ms; Bulkhead never.',
    ]);
  });

  it('lists nothing when Bulkhead was not measured', () => {
    const without = { columns: columns.slice(1), lines: [{ measure: rate, readings: [{ value: 1 }, {}] }] };
    expect(betterThanOwn(without)).to.deep.equal([]);
  });
});

describe('the section of the comparison', () => {
  const settings = { quick: false, progress: () => undefined };
  const charts = [{ file: 'node-20-echo.svg', title: 'echo' }];
  const write = (document: string) => withPeersSection(document, comparison, charts, 'benchmarks', settings);

  it('names the Node, the peers with their versions, and the charts', () => {
    const document = write('# Benchmarks\n');
    expect(document).to.match(/^# Benchmarks\n/);
    expect(document).to.include(`## Compared with other servers, Node ${NODE_MAJOR}\n`);
    expect(document).to.include('- **SDK 1** 1.2.3: what SDK 1 is.');
    expect(document).to.include('![echo](benchmarks/node-20-echo.svg)');
  });

  it('replaces its own text only, however often it is written', () => {
    const other = '<!-- bench: node 20 -->\nfigures\n<!-- end of bench: node 20 -->\n';
    const once = write(`before\n\n${other}`);
    const after = `${once}\nafter\n`;
    expect(write(after)).to.equal(after);
    expect(write(after).split('## Compared with other servers')).to.have.length(2);
    expect(write(after)).to.include(other);
  });

  it('says when the run was a quick one', () => {
    const quick = withPeersSection('', comparison, [], 'benchmarks', { ...settings, quick: true });
    expect(quick).to.include('a quick one, so rough');
  });
});
