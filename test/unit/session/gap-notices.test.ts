import { expect } from 'chai';
import { gapNotices } from '../../../src/session/gap-notices.js';
import { declaredNotifications } from '../../../src/shared/declared-notifications.js';

const NOTHING = { subscriptions: [], logLevel: undefined };
const methodsOf = (capabilities: unknown, replay = NOTHING as Parameters<typeof gapNotices>[1]) =>
  gapNotices(declaredNotifications({ capabilities }), replay).map(
    (notice) => (JSON.parse(notice) as { method: string }).method,
  );

describe('what a client is told of a gap', () => {
  it('is nothing that its server has not declared', () => {
    expect(
      methodsOf({ tools: {}, prompts: { listChanged: false }, resources: { subscribe: true } }),
    ).to.deep.equal([]);
    expect(methodsOf(undefined)).to.deep.equal([]);
    expect(methodsOf({ resources: { listChanged: true } })).to.deep.equal([
      'notifications/resources/list_changed',
    ]);
  });

  it('names each resource that the client has subscribed to', () => {
    const [notice] = gapNotices(declaredNotifications({}), { ...NOTHING, subscriptions: ['a:"b"'] });
    expect(JSON.parse(notice ?? '')).to.deep.equal({
      jsonrpc: '2.0',
      method: 'notifications/resources/updated',
      params: { uri: 'a:"b"' },
    });
  });

  it('holds a warning where the client wants warnings', () => {
    const warned = (logLevel: unknown) => methodsOf({ logging: {} }, { ...NOTHING, logLevel }).length === 1;
    expect([undefined, 'debug', 'info', 'notice', 'warning'].map(warned)).to.not.include(false);
    expect(['error', 'critical', 'alert', 'emergency', 7].map(warned)).to.not.include(true);
  });
});
