/** Which processes are taken for leftovers of dead gateways, in tables that are given. */
import { expect } from 'chai';
import type { ProcessEntry, ProcessLook } from '../../../src/shared/process-table.js';
import { LeftoverProcesses } from '../../../workers/leftovers/leftover-processes.js';

const PLACE = '0123456789';
const DEAD = { pid: 500, startTicks: 1_000, place: PLACE };
const LIVE = { pid: 600, startTicks: 1_100, place: PLACE };

type Owner = typeof DEAD;

interface Row {
  readonly parent?: number;
  readonly group?: number;
  readonly session?: number;
  readonly startTicks?: number;
  readonly zombie?: boolean;
  readonly owner?: Owner;
}

function markOf({ pid, startTicks, place }: Owner): string {
  return `${pid}-${startTicks.toString(36)}-${place}-${'0'.repeat(32)}`;
}

/** Of init, this process, and these, which start after the dead gateway unless they say otherwise. */
function lookAt(rows: Readonly<Record<number, Row>>): ProcessLook {
  const all = { 1: { startTicks: 1 }, [process.pid]: { startTicks: 5_000 }, ...rows };
  const table = new Map<number, ProcessEntry>();
  const owners = new Map<number, Owner>();
  for (const [name, row] of Object.entries<Row>(all)) {
    const pid = Number(name);
    const { parent = 1, group = pid, session = pid, startTicks = 2_000, zombie = false, owner } = row;
    table.set(pid, { pid, parent, group, session, startTicks, zombie });
    if (owner !== undefined) owners.set(pid, owner);
  }
  return {
    table,
    marker: (pid) => {
      const owner = owners.get(pid);
      return owner && markOf(owner);
    },
  };
}

function found(rows: Readonly<Record<number, Row>>, owners: readonly Owner[] = [DEAD]): number[] {
  return new LeftoverProcesses(owners).find(lookAt(rows));
}

describe('What dead gateways left behind', () => {
  it('is what has their marks', () => {
    expect(found({ 10: { owner: DEAD }, 11: { owner: { ...DEAD, pid: 501 } }, 12: {} })).to.deep.equal([10]);
  });

  it('is what these have started, without a mark as well', () => {
    expect(found({ 10: { owner: DEAD }, 11: { parent: 10 }, 12: { parent: 11 }, 13: {} })).to.deep.equal([
      10, 11, 12,
    ]);
  });

  it('is what is left in a group or session that one of them leads', () => {
    const rows = { 10: { owner: DEAD }, 11: { group: 10, session: 2 }, 12: { session: 10 } };
    expect(found(rows)).to.deep.equal([10, 11, 12]);
  });

  it('is not the rest of a group or session that another process leads', () => {
    // A tool's process that was started with node:child_process has those of the gateway, and so of its shell.
    const rows = { 9: {}, 10: { owner: DEAD, group: 9, session: 9 }, 11: { group: 9, session: 9 } };
    expect(found(rows)).to.deep.equal([10]);
  });

  it('is not what started before them', () => {
    expect(found({ 10: { owner: DEAD, startTicks: 999 } })).to.deep.equal([]);
  });

  it('is not what has ended already', () => {
    expect(found({ 10: { owner: DEAD, zombie: true } })).to.deep.equal([]);
  });

  it('is not what another gateway has started, even in a tree of them', () => {
    const rows = {
      600: { startTicks: LIVE.startTicks },
      10: { owner: DEAD },
      11: { parent: 10, owner: LIVE },
    };
    expect(found(rows)).to.deep.equal([10]);
  });

  it('is a gateway that one of them has started, with what that has started', () => {
    const rows = {
      10: { owner: DEAD },
      600: { parent: 10, startTicks: LIVE.startTicks },
      12: { owner: LIVE },
      13: { parent: 12 },
    };
    expect(found(rows)).to.have.members([10, 600, 12, 13]);
  });

  it('is nothing of what this process itself was left behind with', () => {
    const rows = { [process.pid]: { owner: DEAD, parent: 10 }, 10: { owner: DEAD }, 11: { owner: DEAD } };
    expect(found(rows)).to.deep.equal([]);
  });

  it('is never this process, or one that it descends from', () => {
    const other = { ...DEAD, pid: 501 };
    const rows = {
      [process.pid]: { owner: other, parent: 11 },
      10: { owner: DEAD },
      11: { parent: 10 },
      12: { parent: 10, owner: DEAD },
    };
    expect(found(rows, [DEAD, other])).to.deep.equal([12]);
  });

  it('is told from a later process with the same id', () => {
    const leftovers = new LeftoverProcesses([DEAD]);
    const look = lookAt({ 10: { owner: DEAD } });
    expect(leftovers.find(look)).to.deep.equal([10]);
    const entry = look.table.get(10)!;
    expect(leftovers.isKnown(entry)).to.equal(true);
    expect(leftovers.isKnown({ ...entry, startTicks: entry.startTicks + 1 })).to.equal(false);
  });

  it('is known when the process table cannot be read, or its mark cannot', () => {
    const leftovers = new LeftoverProcesses([DEAD]);
    leftovers.find(lookAt({ 10: { owner: DEAD } }));
    expect(leftovers.find(undefined)).to.deep.equal([10]);
    expect(leftovers.find(lookAt({ 10: {} })), 'in the middle of execve').to.deep.equal([10]);
    expect(leftovers.find(lookAt({}))).to.deep.equal([]);
  });

  it('is found in a table in which reused ids form a circle', () => {
    expect(found({ 10: { parent: 11 }, 11: { parent: 10 }, 12: { owner: DEAD } })).to.deep.equal([12]);
  });
});
