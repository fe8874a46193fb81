/** Whether a client is there, for a session that says what it has, and a clock that stands still. */
import { expect } from 'chai';
import { Presence, type PresenceOwner } from '../../../src/session/presence.js';
import { clockMs } from '../../../src/shared/clock.js';
import { afterThisTest } from '../../support/cleanup.js';
import { FakeClock } from '../../support/fake-clock.js';

const SECOND = 1_000;
const OPTIONS = {
  disconnectGraceMs: 20 * SECOND,
  resumeGraceMs: 5 * SECOND,
  sessionIdleMs: 600 * SECOND,
  sessionMaxAgeMs: (3_600 * SECOND) as number | undefined,
};

class Owner implements PresenceOwner {
  connections = 0;
  listened = false;
  requestsInFlight = 0;
  absences = 0;

  onAbsent(): void {
    this.absences += 1;
  }
}

function world(options: Partial<typeof OPTIONS> = {}) {
  const clock = new FakeClock().install();
  afterThisTest(() => clock.restore());
  const owner = new Owner();
  const presence = new Presence(owner, { ...OPTIONS, ...options });
  afterThisTest(() => presence.close());
  /** A client that has opened its standalone stream. */
  const listen = (): void => {
    owner.connections += 1;
    owner.listened = true;
    presence.active();
  };
  const disconnect = (): void => {
    owner.connections -= 1;
    presence.touch();
    presence.check();
  };
  return { clock, owner, presence, listen, disconnect };
}

describe('A client that has gone', () => {
  it('is absent after disconnect-grace when it had opened its standalone stream, and not before', async () => {
    const { clock, owner, listen, disconnect } = world();
    listen();
    disconnect();
    await clock.advance(OPTIONS.disconnectGraceMs - 1);
    expect(owner.absences).to.equal(0);
    await clock.advance(1);
    expect(owner.absences).to.equal(1);
    await clock.advance(10 * OPTIONS.disconnectGraceMs);
    expect(owner.absences, 'it is told once').to.equal(1);
  });

  it('is not missed where it never opened one: between its requests it has no connection', async () => {
    const { clock, owner, presence, disconnect } = world();
    owner.connections = 1;
    presence.active();
    disconnect();
    await clock.advance(10 * OPTIONS.disconnectGraceMs);
    expect(owner.absences).to.equal(0);
  });

  it('is not absent while one of its connections is left', async () => {
    const { clock, owner, listen, disconnect } = world();
    listen();
    owner.connections += 1;
    disconnect();
    await clock.advance(10 * OPTIONS.disconnectGraceMs);
    expect(owner.absences).to.equal(0);
    disconnect();
    await clock.advance(OPTIONS.disconnectGraceMs);
    expect(owner.absences).to.equal(1);
  });

  it('is not absent when it comes back in time, and has its whole grace again when it goes', async () => {
    const { clock, owner, listen, disconnect } = world();
    listen();
    disconnect();
    await clock.advance(OPTIONS.disconnectGraceMs - 1);
    listen();
    await clock.advance(OPTIONS.disconnectGraceMs);
    disconnect();
    await clock.advance(OPTIONS.disconnectGraceMs - 1);
    expect(owner.absences).to.equal(0);
    await clock.advance(1);
    expect(owner.absences).to.equal(1);
  });

  it('has its whole grace again after a message that leaves no connection behind', async () => {
    const { clock, owner, presence, listen, disconnect } = world();
    listen();
    disconnect();
    await clock.advance(OPTIONS.disconnectGraceMs - 1);
    presence.activeInPassing();
    await clock.advance(OPTIONS.disconnectGraceMs - 1);
    expect(owner.absences).to.equal(0);
    await clock.advance(1);
    expect(owner.absences).to.equal(1);
  });

  it('gains no time by another look at its session, and is not absent twice', async () => {
    const { clock, owner, presence, listen, disconnect } = world();
    listen();
    disconnect();
    await clock.advance(OPTIONS.disconnectGraceMs - 1);
    presence.check();
    await clock.advance(1);
    expect(owner.absences).to.equal(1);
    await clock.advance(OPTIONS.disconnectGraceMs);
    expect(owner.absences, 'it is told once').to.equal(1);
  });

  it('is of no interest to a session that has ended, and no timer of it is left', async () => {
    const { clock, owner, presence, listen, disconnect } = world();
    listen();
    disconnect();
    presence.close();
    presence.check();
    expect(clock.timers.size).to.equal(0);
    await clock.advance(2 * OPTIONS.disconnectGraceMs);
    expect([owner.absences, presence.absentSinceMs]).to.deep.equal([0, undefined]);
  });
});

describe('Since when a client has been away', () => {
  it('counts from its last activity', async () => {
    const { clock, presence, listen, disconnect } = world();
    listen();
    await clock.advance(SECOND);
    disconnect();
    const leftMs = clockMs();
    await clock.advance(SECOND);
    expect(presence.absentSinceMs).to.equal(leftMs);
    expect([presence.idleMs, presence.ageMs]).to.deep.equal([SECOND, 2 * SECOND]);
  });

  it('is nothing while it is connected, or waits for an answer', () => {
    const { owner, presence, listen } = world();
    listen();
    expect(presence.absentSinceMs).to.equal(undefined);
    owner.connections = 0;
    owner.requestsInFlight = 1;
    expect(presence.absentSinceMs).to.equal(undefined);
  });

  it('is nothing in the 2 s after it has opened the session, which it needs before it uses it', async () => {
    const { clock, presence } = world();
    const openedMs = clockMs();
    expect(presence.used).to.equal(false);
    await clock.advance(2 * SECOND - 1);
    expect(presence.absentSinceMs).to.equal(undefined);
    await clock.advance(1);
    expect(presence.absentSinceMs).to.equal(openedMs);
    presence.active();
    expect(presence.used).to.equal(true);
    expect(presence.absentSinceMs, 'it has been used').to.equal(clockMs());
  });

  it('does not count as idle while a request is in flight', async () => {
    const { clock, owner, presence } = world();
    owner.requestsInFlight = 1;
    await clock.advance(SECOND);
    expect(presence.idleMs).to.equal(0);
    owner.requestsInFlight = 0;
    presence.touch();
    await clock.advance(SECOND);
    expect(presence.idleMs).to.equal(SECOND);
  });
});

describe("A session's time", () => {
  it('is over after session-idle without a request, counted from the last one', async () => {
    const { clock, presence } = world();
    await clock.advance(SECOND);
    presence.active();
    await clock.advance(OPTIONS.sessionIdleMs - 1);
    expect(presence.expired(clockMs())).to.equal(undefined);
    await clock.advance(1);
    expect(presence.expired(clockMs())).to.equal('idle');
  });

  it('is over much sooner where it was never used', async () => {
    const { clock, presence } = world();
    await clock.advance(OPTIONS.sessionIdleMs / 15);
    expect(presence.expired(clockMs())).to.equal('unused');
  });

  it('is not over while its client is connected or waits, except at session-max-age', async () => {
    const { clock, owner, presence, listen } = world();
    listen();
    owner.requestsInFlight = 1;
    await clock.advance(3_600 * SECOND - 1);
    expect(presence.expired(clockMs())).to.equal(undefined);
    await clock.advance(1);
    expect(presence.expired(clockMs())).to.equal('max_age');
  });
});
