import { expect } from 'chai';
import { inheritedFlags } from '../../../src/isolation/process/inherited-flags.js';

describe('The flags of Node that the process of a module inherits', () => {
  it('are those that say how modules are loaded', () => {
    const flags = ['--import', 'tsx', '-r', './hook.cjs', '--conditions=development', '--enable-source-maps'];
    expect(inheritedFlags(flags)).to.deep.equal(flags);
  });

  for (const own of [
    ['-e', 'startGateway()'],
    ['--eval', 'startGateway()'],
    ['-pe', 'startGateway()'],
    ['-p', 'startGateway()'],
    ['--input-type=module', '--eval=startGateway()'],
    ['--env-file=.env'],
    ['--env-file', '.env'],
    ['--inspect=0'],
    ['--inspect-brk'],
    ['--cpu-prof'],
    ['--max-semi-space-size=32'],
    ['--max_old_space_size=4096'],
    ['--test'],
    ['--watch-path', 'src'],
  ]) {
    it(`are not ${own.join(' ')}`, () => {
      expect(inheritedFlags(['--import=a', ...own, '--conditions=b'])).to.deep.equal([
        '--import=a',
        '--conditions=b',
      ]);
    });
  }
});
