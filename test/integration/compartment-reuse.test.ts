/** Compartments of affinity `request`, which serve one request after another as long as nothing of one is left. */
import { expect } from 'chai';
import { mcpUrl, sharedGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { StatelessCaller } from '../support/stateless-caller.js';

describe('A compartment of one request at a time', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('leaving'), affinity: 'request' });

  /** Which instances of the module serve a call, this one, and the next. */
  async function around(tool: string): Promise<readonly unknown[]> {
    const caller = new StatelessCaller(mcpUrl(gateway()));
    const instances: unknown[] = [];
    for (const name of ['none', tool, 'none']) instances.push((await caller.call(name)).result.content);
    return instances;
  }

  for (const tool of ['read_folder', 'look_up', 'wait']) {
    it(`serves another request after one whose last act was to wait (${tool})`, async () => {
      const [before, own, after] = await around(tool);
      expect(own).to.deep.equal(before);
      expect(after).to.deep.equal(before);
    });
  }

  for (const tool of [
    'leave_timer',
    'leave_listener',
    'leave_socket',
    'leave_child',
    'leave_session_child',
  ]) {
    it(`serves no other request after one that has left something (${tool})`, async () => {
      const [before, own, after] = await around(tool);
      expect(own).to.deep.equal(before);
      expect(after).not.to.deep.equal(before);
    });
  }
});
