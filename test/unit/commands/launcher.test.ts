import { expect } from 'chai';
import { isStartedByNpx } from '../../../src/cli/launcher.js';

const byNpx = (script: string): boolean =>
  isStartedByNpx({ npm_lifecycle_event: 'npx', npm_lifecycle_script: script });

describe('a gateway that ends with npx', () => {
  it('is what npx runs as its only command', () => {
    for (const script of ['bulkhead', '"bulkhead"', "'bulkhead' serve", 'bulkhead serve --port 0']) {
      expect(byNpx(script), script).to.equal(true);
    }
  });

  it('is not one that shall outlive npx, or that another program started', () => {
    for (const script of [
      'bulkhead serve &',
      'setsid bulkhead serve',
      'nohup bulkhead serve &',
      'mocha',
      '',
    ]) {
      expect(byNpx(script), script).to.equal(false);
    }
    expect(isStartedByNpx({ npm_lifecycle_event: 'start', npm_lifecycle_script: 'bulkhead serve' })).to.equal(
      false,
    );
    expect(isStartedByNpx({})).to.equal(false);
  });
});
