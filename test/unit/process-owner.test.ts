/** Whose a process or a folder is, as its mark says: read strictly, and dead only when that is certain. */
import { expect } from 'chai';
import { isDead, newMark, ownerOfMark, type ProcessOwner } from '../../src/shared/process-owner.js';
import { HAS_PROCESS_TABLE, readProcess } from '../../src/shared/process-table.js';

/** Larger than the kernel's largest id. */
const NO_PID = 2 ** 22 + 1;
const NONCE = '0123456789abcdef0123456789abcdef';

describe('The mark of a process', () => {
  before(function () {
    if (!HAS_PROCESS_TABLE) this.skip();
  });

  function own(): ProcessOwner {
    return ownerOfMark(newMark())!;
  }

  it('names the process that made it, and differs each time', () => {
    const { pid, startTicks } = readProcess(process.pid)!;
    expect(own()).to.include({ pid, startTicks });
    expect(newMark()).to.not.equal(newMark());
  });

  for (const [what, mark] of [
    ['nothing', undefined],
    ['an empty value', ''],
    ['a random value alone', NONCE],
    ['something before it', ` 12-3x-0123456789-${NONCE}`],
    ['something after it', `12-3x-0123456789-${NONCE}\n`],
    ['pid 0, which is a whole group', `0-3x-0123456789-${NONCE}`],
    ['a negative pid', `-1-3x-0123456789-${NONCE}`],
    ['a pid with a sign', `+1-3x-0123456789-${NONCE}`],
    ['a pid in another notation', `0x1-3x-0123456789-${NONCE}`],
    ['a start time that is none', `12-3X-0123456789-${NONCE}`],
    ['a short place', `12-3x-012345678-${NONCE}`],
  ] as const) {
    it(`is none with ${what}`, () => {
      expect(ownerOfMark(mark)).to.equal(undefined);
    });
  }

  describe('says that its owner is dead', () => {
    it('if no process has the id', () => {
      expect(isDead({ ...own(), pid: NO_PID })).to.equal(true);
    });

    it('if a process that started later has the id', () => {
      expect(isDead({ ...own(), startTicks: own().startTicks - 1 })).to.equal(true);
    });
  });

  describe('does not say so', () => {
    it('of a process that lives', () => {
      expect(isDead(own())).to.equal(false);
    });

    it('of one of another boot, container or machine', () => {
      expect(isDead({ ...own(), pid: NO_PID, place: '0123456789' })).to.equal(false);
    });
  });
});
