import { expect } from 'chai';
import { launcherIn } from '../../../src/cli/launcher.js';

const startedBy = (event: string, script: string): string | undefined =>
  launcherIn({ npm_lifecycle_event: event, npm_lifecycle_script: script });

describe('a gateway that ends with its launcher', () => {
  it('is what npx or a script of package.json runs as its only command', () => {
    for (const script of ['bulkhead', '"bulkhead"', "'bulkhead' serve", 'bulkhead serve --port 0']) {
      expect(startedBy('npx', script), script).to.equal('npx');
      expect(startedBy('dev', script), script).to.equal('npm run dev');
    }
  });

  it('is not one that shall outlive it, or that another program started', () => {
    const others = ['bulkhead serve &', 'setsid bulkhead serve', 'nohup bulkhead serve &', 'mocha', ''];
    for (const script of [...others, 'exec node dist/src/bin.cjs serve', 'bulkhead serve | pino-pretty']) {
      expect(startedBy('npx', script), script).to.equal(undefined);
      expect(startedBy('start', script), script).to.equal(undefined);
    }
    expect(launcherIn({})).to.equal(undefined);
  });
});
