import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { GatewayEmitter, type GatewayEvents } from '../../src/telemetry/events.js';

type Notice = GatewayEvents['notice'][0];

describe('A listener that fails', () => {
  function observed() {
    const events = new GatewayEmitter();
    const notices: Notice[] = [];
    events.on('notice', (notice) => notices.push(notice));
    return { events, notices };
  }
  const killed = { processes: 1 };

  it('is a notice, and neither the emitter nor the other listeners hear of it', () => {
    const { events, notices } = observed();
    let heard = 0;
    events.on('children-killed', () => {
      throw new TypeError('no such tenant');
    });
    events.on('children-killed', () => {
      heard += 1;
    });
    expect(events.emit('children-killed', killed)).to.equal(true);
    expect(heard).to.equal(1);
    expect(notices).to.deep.equal([
      { level: 'error', message: "a listener of 'children-killed' failed: no such tenant" },
    ]);
  });

  it('is a notice when it is async', async () => {
    const { events, notices } = observed();
    events.on('children-killed', async () => {
      await nextTurn();
      throw new Error('too late');
    });
    events.emit('children-killed', killed);
    await nextTurn();
    await nextTurn();
    expect(notices.map(({ message }) => message)).to.deep.equal([
      "a listener of 'children-killed' failed: too late",
    ]);
  });

  it('may throw anything', () => {
    const { events, notices } = observed();
    const thrown = [undefined, null, 'text', Object.create(null), { toString: () => Symbol('none') }];
    for (const what of thrown) {
      events.once('children-killed', () => {
        throw what;
      });
      events.emit('children-killed', killed);
    }
    expect(notices).to.have.length(thrown.length);
  });

  it('is reported a few times only, when it fails each time', () => {
    const { events, notices } = observed();
    events.on('children-killed', () => {
      throw new Error('again');
    });
    for (let index = 0; index < 1_000; index += 1) events.emit('children-killed', killed);
    expect(notices).to.have.length(5);
  });

  it('does not report itself without end where it listens to notices', async () => {
    const { events, notices } = observed();
    let calls = 0;
    events.on('notice', () => {
      calls += 1;
      throw new Error('sync');
    });
    events.on('notice', async () => {
      throw new Error('async');
    });
    events.emit('notice', { level: 'info', message: 'first' });
    for (let turn = 0; turn < 100; turn += 1) await nextTurn();
    expect(calls).to.be.below(10);
    expect(notices.length).to.be.below(10);
  });

  it('is called once by once, and no more after off', () => {
    const events = new GatewayEmitter();
    let calls = 0;
    const listener = () => {
      calls += 1;
    };
    events.once('children-killed', listener);
    events.emit('children-killed', killed);
    events.on('children-killed', listener);
    events.off('children-killed', listener);
    expect(events.emit('children-killed', killed)).to.equal(false);
    expect(calls).to.equal(1);
  });
});
