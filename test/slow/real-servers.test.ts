/** The parts of `npm run bench:servers`, with servers of the tree: nothing is installed. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { listsAlone } from '../../bench/programs/conversations.js';
import { type MeasuredProgram, measureProgram } from '../../bench/programs/measured-program.js';
import { freshFolder, PROGRAMS, type Program } from '../../bench/programs/programs.js';
import { differenceLines, programNotes, programTable } from '../../bench/programs/table.js';
import { fixtureProgram } from '../support/programs.js';

const settings = { rounds: 1, quick: true, progress: () => undefined };

/** The only one of the list that is in the tree. */
const notes = PROGRAMS.find(({ name }) => name === 'notes.py') as Program;

/** Counts its calls, and says its process's id. */
const odd: Program = {
  name: 'odd',
  note: 'odd',
  of: { command: process.execPath },
  args: [fixtureProgram('odd-server.mjs')],
  env: {},
  script: listsAlone,
};

function servedIn(measured: MeasuredProgram, isolation: string) {
  const found = measured.isolations.find((on) => on.isolation === isolation);
  if (found === undefined) throw new Error(`There is nothing about ${isolation}.`);
  return found;
}

describe('The table of real servers', function () {
  // Some twenty starts of a Python or Node.js process, one after the other.
  this.timeout('5m');
  if (process.platform !== 'linux') return;

  it('finds no difference, times and memory for a server that says the same', async () => {
    const measured = await measureProgram(notes, settings);
    expect(measured.unsteady).to.deep.equal([]);
    expect(differenceLines([measured])).to.deep.equal([]);
    const served = servedIn(measured, 'process');
    if (!('mib' in served)) throw new Error(served.reason);
    expect(served.mib).to.be.within(1, 100);
    for (const ms of Object.values(served.initializeMs)) expect(ms).to.be.greaterThan(0);
    expect(servedIn(measured, 'thread'))
      .to.have.property('reason')
      .that.matches(/command/);
    expect(programTable([measured])).to.match(/\| notes\.py .*\| yes +\|/);
  });

  it('tells what two direct conversations differ in, and what a session does', async () => {
    const pid = { kind: 'ask', method: 'tools/call', params: { name: 'pid' }, progress: false } as const;
    const script = (): ReturnType<typeof listsAlone> => ({
      conversation: { capabilities: {}, answers: {}, steps: [pid] },
      volatiles: [],
    });
    const measured = await measureProgram({ ...odd, script }, settings);
    expect(measured.unsteady.map(({ where }) => where)).to.deep.equal(['tools/call pid']);
    expect(programNotes([measured])).to.deep.equal([
      '- odd: odd; two direct conversations have 1 difference.',
    ]);
    expect(programTable([measured])).to.include(
      'cold: 1 difference, spare: 1 difference, learned: 2 differences, bridge: 1 difference',
    );
  });

  it('starts every conversation with the same files', () => {
    const files = freshFolder();
    const names = readdirSync(files, { recursive: true });
    writeFileSync(join(files, 'left.txt'), 'by a server');
    expect(freshFolder()).to.equal(files);
    expect(readdirSync(files, { recursive: true })).to.deep.equal(names);
  });
});
