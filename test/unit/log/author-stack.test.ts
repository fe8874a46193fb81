import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { authorPosition, authorStack } from '../../../src/shared/author-stack.js';

const OWN = fileURLToPath(new URL('../../../workers/session-worker.cjs', import.meta.url));

const lines = (...given: string[]): string => given.join('\n');

describe('the stack of an error', () => {
  it('begins with the author’s first frame and ends with the last one', () => {
    const stack = lines(
      'TypeError: no',
      `    at checked (${OWN}:3:14)`,
      '    at node:internal/process/task_queues:95:5',
      '    at query (/app/node_modules/pg/client.js:10:5)',
      '    at Array.map (<anonymous>)',
      '    at async file:///app/my%20tools/greet.mjs:7:13',
      `    at async serve (${OWN}:90:1)`,
    );
    expect(authorStack(stack)).to.equal(
      lines(
        'TypeError: no',
        '    at query (/app/node_modules/pg/client.js:10:5)',
        '    at Array.map (<anonymous>)',
        '    at async file:///app/my%20tools/greet.mjs:7:13',
      ),
    );
    expect(authorPosition(stack)).to.deep.equal({
      file: '/app/node_modules/pg/client.js',
      line: 10,
      column: 5,
    });
  });

  it('is nothing where no frame is the author’s', () => {
    expect(
      authorStack(lines('Error: no', `    at checked (${OWN}:3:14)`, '    at node:timers:9:9')),
    ).to.equal(undefined);
    expect(authorStack('Error: without frames')).to.equal(undefined);
    expect(authorPosition('')).to.equal(undefined);
  });

  it('keeps each cause with the author’s frames of it', () => {
    const stack = lines(
      'Error: on top',
      '    at run (/app/a.mjs:1:2)',
      `    at serve (${OWN}:1:2)`,
      '  caused by TypeError: beneath',
      '    at node:net:1:1',
      '    at connect (/app/b.mjs:3:4)',
    );
    expect(authorStack(stack)?.split('\n')).to.deep.equal([
      'Error: on top',
      '    at run (/app/a.mjs:1:2)',
      '  caused by TypeError: beneath',
      '    at connect (/app/b.mjs:3:4)',
    ]);
  });

  it('knows positions in files with colons, parentheses and drive letters', () => {
    const places = [
      ['    at run (C:\\app\\a.mjs:1:2)', { file: 'C:\\app\\a.mjs', line: 1, column: 2 }],
      [
        '    at Object.run [as later] (/app (2)/a:b.mjs:1:2)',
        { file: '/app (2)/a:b.mjs', line: 1, column: 2 },
      ],
      ['    at /app/a (1).mjs:1:2', { file: '/app/a (1).mjs', line: 1, column: 2 }],
    ] as const;
    for (const [frame, position] of places)
      expect(authorPosition(`Error: no\n${frame}`)).to.deep.equal(position);
  });

  it('may be any text of any length', () => {
    const hostile = `    at ${'(:'.repeat(50_000)}\n`.repeat(20);
    expect(authorStack(hostile)).to.equal(undefined);
    expect(authorStack(`Error\n    at x (file://%zz:1:1)`)).to.equal(undefined);
  });
});
