import { expect } from 'chai';
import { type EvictionCandidate, SessionEviction } from '../../../src/session/session-eviction.js';

interface Fake extends EvictionCandidate {
  readonly name: string;
  absentSinceMs: number | undefined;
  used: boolean;
}

const fake = (name: string, absentSinceMs: number | undefined, used = true): Fake => ({
  name,
  absentSinceMs,
  used,
});

describe('The session that makes room', () => {
  it('is the one that has been without its client for longest', () => {
    const sessions = [fake('young', 30), fake('old', 10), fake('middle', 20)];
    expect(new SessionEviction(() => sessions).next(100)?.name).to.equal('old');
  });

  it('is one that was never used, before all others', () => {
    const sessions = [fake('old', 10), fake('unused', 30, false), fake('older, unused', 20, false)];
    expect(new SessionEviction(() => sessions).next(100)?.name).to.equal('older, unused');
  });

  it('is never one that is listened to, works or is being opened', () => {
    expect(new SessionEviction(() => [fake('needed', undefined)]).next(100)).to.equal(undefined);
  });

  it('is not one whose client has come back since it was found', () => {
    const [first, second] = [fake('first', 10), fake('second', 20)];
    const room = new SessionEviction(() => [first, second]);
    expect(room.next(100)?.name).to.equal('first');
    first.absentSinceMs = 100;
    expect(room.next(101)?.name).to.equal('second');
    second.absentSinceMs = undefined;
    expect(room.next(102)?.name).to.equal('first');
  });

  it('is found for many openings with one look at all sessions', () => {
    const sessions = new Set(Array.from({ length: 1_000 }, (_, number) => fake(`${number}`, number)));
    let looks = 0;
    const room = new SessionEviction(() => {
      looks += 1;
      return sessions;
    });
    const gone: string[] = [];
    for (let opening = 0; opening < 200; opening += 1) {
      const session = room.next(2_000);
      if (session === undefined) break;
      gone.push(session.name);
      sessions.delete(session);
      session.absentSinceMs = undefined;
    }
    expect(gone).to.deep.equal(Array.from({ length: 200 }, (_, number) => `${number}`));
    expect(looks).to.equal(1);
  });

  it('is not looked for again at once where none was found: a refusal must stay cheap', () => {
    let looks = 0;
    const room = new SessionEviction(() => {
      looks += 1;
      return [];
    });
    for (let opening = 0; opening < 50; opening += 1) room.next(1_000 + opening);
    expect(looks).to.equal(1);
    room.next(1_200);
    expect(looks).to.equal(2);
  });
});
