/** What a notification is about that belongs to no request. */
import { expect } from 'chai';
import { topicOf } from '../../workers/topic.js';

describe('The topic of a notification', () => {
  it('is the kind of list that has changed', () => {
    for (const kind of ['tools', 'prompts', 'resources'])
      expect(topicOf(`notifications/${kind}/list_changed`, undefined)).to.equal(kind);
  });

  it('is the resource that was updated', () => {
    expect(topicOf('notifications/resources/updated', { uri: 'file:///a' })).to.equal('resource:file:///a');
  });

  it('is nothing for all others', () => {
    for (const [method, params] of [
      ['notifications/progress', { progress: 1 }],
      ['notifications/message', {}],
      ['notifications/roots/list_changed', {}],
      ['notifications/resources/updated', {}],
      ['notifications/resources/updated', { uri: 7 }],
      ['notifications/resources/updated', { uri: 'x'.repeat(100_000) }],
    ] as const)
      expect(topicOf(method, params), method).to.equal(undefined);
  });
});
