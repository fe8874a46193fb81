import { expect } from 'chai';
import { withResults } from '../../../bench/reliability/report.js';
import type { FaultResult, Results } from '../../../bench/reliability/results.js';

const SERVED: FaultResult = {
  name: 'crash',
  what: 'tools throw',
  effect: 'calls in flight get an error',
  machine: false,
  seconds: 10,
  requests: 3_000,
  answered: 2_990,
  errors: { thread_crash: 6, thread_exit: 3 },
  closed: 1,
  left: 0,
  resumes: 2,
  wrong: 0,
  lost: 0,
  twice: 0,
  gaps: 0,
  findings: [],
  bystander: { calls: 300, p50Ms: 2, p99Ms: 40, maxMs: 80, failures: {}, ownDelayMs: 5 },
  recoveryMs: 30,
  stopMs: 60,
  mainHeapBytes: 40 * 2 ** 20,
  eventLoopMs: 20,
};

function section(...faults: FaultResult[]): string {
  return withResults('', results(faults));
}

function results(faults: readonly FaultResult[]): Results {
  return { node: 'v20.20.2', machine: 'A machine', calls: 3_000, faults, skipped: {}, broken: {} };
}

describe("the reliability page's tables", () => {
  it('tell what each fault is, what clients see and what was counted', () => {
    const text = section(SERVED);
    expect(text).to.match(/\| `crash` *\| tools throw *\| calls in flight get an error *\|/);
    expect(text).to.match(
      /\| `crash` *\| 3,000 *\| 2,990 *\| 9 *\| 1 *\| 2 *\| 0 *\| 0 *\| 0 *\| 0 *\| alive *\|/,
    );
    expect(text).to.match(
      /\| `crash` *\| 2 ms *\| 40 ms *\| 80 ms *\| 0 *\| 30 ms *\| 60 ms *\| 40 MiB *\| 20 ms *\|/,
    );
  });

  it('show in bold what misses its goal, but not where the machine took away what a bystander needs', () => {
    const bystander = { ...SERVED.bystander, p99Ms: 150, maxMs: 1_500 };
    expect(section({ ...SERVED, bystander })).to.match(/\*\*150 ms\*\* *\| \*\*1,500 ms\*\*/);
    expect(section({ ...SERVED, bystander, machine: true })).to.match(
      /`crash` ¹ *\| 2 ms *\| 150 ms *\| 1,500 ms/,
    );
    expect(section({ ...SERVED, recoveryMs: 2_500 })).to.include('**2,500 ms**');
  });

  it('say when the process died, and when it was never served again or had to be killed', () => {
    const { recoveryMs: _recovery, stopMs: _stop, ...never } = SERVED;
    const text = section({ ...never, death: 'code 1' });
    expect(text).to.include('DIED');
    expect(text).to.match(/\| never *\| never *\|/);
  });

  it('name what did not run and what gave no figures', () => {
    const given = {
      ...results([SERVED]),
      skipped: { pids: 'no cgroup' },
      broken: { 'log-disk': 'no start' },
    };
    const text = withResults('', given);
    expect(text).to.include('Not run here:\n\n- `pids`: no cgroup');
    expect(text).to.include('No figures:\n\n- `log-disk`: no start');
  });

  it("replace the section of the same Node, and leave the prose and the other Node's alone", () => {
    const first = withResults('# Prose\n', results([SERVED]));
    const other = withResults(first, { ...results([SERVED]), node: 'v24.1.0' });
    const again = withResults(other, { ...results([SERVED]), machine: 'Another machine' });
    expect(again.match(/^## Node 20$/gm)).to.have.length(1);
    expect(again).to.match(/^# Prose\n/);
    expect(again).to.include('## Node 24\n\nA machine.');
    expect(again).to.include('## Node 20\n\nAnother machine.');
  });
});
