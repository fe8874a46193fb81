import { expect } from 'chai';
import { EarlyMessages } from '../../../workers/stdio/early-messages.js';
import type { ServerMessage } from '../../../workers/stdio/server-message.js';

const MESSAGE: ServerMessage = { kind: 'notification', method: 'notifications/message', params: {} };

describe('What a program says before it has a session', () => {
  it('waits in order, within 64 messages and 64 Ki characters', () => {
    const early = new EarlyMessages();
    for (let number = 0; number < 100; number += 1) early.add(MESSAGE, String(number), undefined);
    const bodies = early.takeAll().map(({ body }) => body);
    expect([bodies.length, bodies[0], bodies.at(-1)]).to.deep.equal([64, '0', '63']);
    expect(early.takeAll()).to.deep.equal([]);
    for (const _ of [1, 2, 3]) early.add(MESSAGE, 'x'.repeat(30 * 1024), undefined);
    expect(early.takeAll()).to.have.length(2);
  });

  it('includes that a list has changed, once for each, whatever else is said', () => {
    const early = new EarlyMessages();
    for (let number = 0; number < 100; number += 1) early.add(MESSAGE, String(number), undefined);
    for (const list of ['tools', 'tools', 'prompts', 'tools']) early.add(MESSAGE, list, `${list} changed`);
    expect(
      early
        .takeAll()
        .slice(64)
        .map(({ body }) => body),
    ).to.deep.equal(['tools', 'prompts']);
  });
});
