import { expect } from 'chai';
import { OutputEvents } from '../../../workers/session/output-events.js';

describe('what a module writes to a standard stream', () => {
  it('is one event for each console call, however many lines it has', () => {
    const events = new OutputEvents();
    expect(events.push('one\n  two\nthree\n')).to.deep.equal(['one\n  two\nthree']);
    expect(events.push('four\n')).to.deep.equal(['four']);
    expect(events.push('\n  \n')).to.deep.equal([]);
    expect(events.push('\n  five\n\n')).to.deep.equal(['  five']);
  });

  it('waits for its line break, and for the rest of a character', () => {
    const events = new OutputEvents();
    const bytes = Buffer.from('grüße\n');
    expect(events.push(bytes.subarray(0, 3))).to.deep.equal([]);
    expect(events.push(bytes.subarray(3))).to.deep.equal(['grüße']);
    expect(events.push('a\nb')).to.deep.equal(['a']);
    expect(events.push('c\n')).to.deep.equal(['bc']);
  });

  it('is divided where it is long, between lines if it has any', () => {
    const line = `${'x'.repeat(99)}\n`;
    const lines = new OutputEvents().push(line.repeat(200));
    expect(lines.join('\n')).to.equal(line.repeat(200).trimEnd());
    expect(Math.max(...lines.map(({ length }) => length))).to.be.at.most(8192);
    expect(lines).to.have.length(3);
    expect(new OutputEvents().push('y'.repeat(20_000)).map(({ length }) => length)).to.deep.equal([
      8192, 8192, 3616,
    ]);
  });
});
