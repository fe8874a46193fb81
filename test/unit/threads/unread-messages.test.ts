import { expect } from 'chai';
import { UnreadMessages } from '../../../src/isolation/port/unread-messages.js';

function unreadMessages(start = 0): { unread: UnreadMessages; take: () => void } {
  const taken = new Int32Array(new SharedArrayBuffer(4));
  const unread = new UnreadMessages(taken);
  for (let index = 0; index < start; index += 1) {
    unread.posted(notification('earlier'));
    Atomics.add(taken, 0, 1);
  }
  return { unread, take: () => void Atomics.add(taken, 0, 1) };
}

const request = (requestId: number, body = `request ${requestId}`) => ({
  requestId,
  operation: 'echo',
  key: `key-${requestId}`,
  body,
  fastPath: false,
  stateless: false,
});
const notification = (body: string, own = false) => ({ requestId: undefined, body, own });

describe('what a dead thread has not read', () => {
  it('is what came after the last message that it took, in order', () => {
    const { unread, take } = unreadMessages(3);
    for (const id of [1, 2, 3]) unread.posted(request(id));
    take();
    expect(unread.left(() => true).map(({ body }) => body)).to.deep.equal(['request 2', 'request 3']);
  });

  it('leaves out requests that nobody waits for', () => {
    const { unread } = unreadMessages();
    for (const id of [1, 2, 3]) unread.posted(request(id));
    expect(unread.left((id) => id !== 2).map(({ requestId }) => requestId)).to.deep.equal([1, 3]);
  });

  it('leaves out what was meant for that thread alone', () => {
    const { unread } = unreadMessages();
    unread.posted(notification('an answer to what it asked', true));
    unread.posted(notification('for any thread'));
    expect(unread.left(() => true).map(({ body }) => body)).to.deep.equal(['for any thread']);
  });

  it('is counted in characters until it is read', () => {
    const { unread, take } = unreadMessages();
    unread.posted(request(1, 'x'.repeat(1_000)));
    unread.posted(request(2, 'x'.repeat(10)));
    expect(unread.chars).to.equal(1_010);
    take();
    expect(unread.chars).to.equal(10);
    take();
    expect(unread.chars).to.equal(0);
  });
});
