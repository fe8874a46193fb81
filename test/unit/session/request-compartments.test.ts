/** When a request of the stateless era waits for a compartment that others use, and when it has another one opened. */
import { expect } from 'chai';
import { Compartments } from '../../../src/session/compartments/compartments.js';
import type { Session } from '../../../src/session/session.js';
import { NOBODY } from '../../../src/shared/session-context.js';
import { settle } from '../../support/fake-clock.js';
import { Connection, call, SECOND, world } from '../../support/fake-sessions.js';

/** Longer than a request waits for a busy compartment while another one could be opened. */
const PATIENCE_MS = 20;

interface Asked {
  /** Its compartment, once it has one. */
  session: Session | undefined;
  refused: string | undefined;
  reason: string | undefined;
  /** What its client was sent. */
  readonly connection: Connection;
  gone: boolean;
  readonly key: string;
}

function served(given: Parameters<typeof world>[0] = {}) {
  const parts = world({ affinity: 'request', ...given } as Parameters<typeof world>[0]);
  const compartments = new Compartments(parts.sessions, parts.streams);
  let requests = 0;
  const ask = async (principal = 'alice', chars = 100): Promise<Asked> => {
    requests += 1;
    const id = requests;
    const asked: Asked = {
      session: undefined,
      refused: undefined,
      reason: undefined,
      connection: new Connection(),
      gone: false,
      key: `r-${id}`,
    };
    compartments.serve({
      caller: { principal, identity: NOBODY, metadata: {}, userAgent: 'agent/1', remoteAddress: '127.0.0.1' },
      chars,
      isGone: () => asked.gone,
      begin: (session, waitedMs) => {
        asked.session = session;
        const request = { ...call(id), id: asked.key, stateless: true, waitedMs };
        session.request([request], false, asked.connection);
      },
      refuse: ({ message, reason }) => {
        asked.refused = message;
        asked.reason = reason;
      },
    });
    await settle();
    return asked;
  };
  const workerOf = (session: Session | undefined) =>
    parts.starter.started.findLast(({ sessionId }) => sessionId === session?.id);
  const answer = async ({ session, key }: Asked): Promise<void> => {
    workerOf(session)?.answers(key);
    await settle();
  };
  const started = () => parts.starter.started.length;
  return { ...parts, compartments, ask, answer, started, workerOf };
}

describe('A request of the stateless era, while others run', () => {
  it('is served by a compartment that becomes free in a moment, and no other one is opened', async () => {
    const { ask, answer, started, compartments } = served();
    const first = await ask();
    const second = await ask();
    expect(second.session).to.equal(undefined);
    expect(compartments.waiting).to.equal(1);
    await answer(first);
    expect(second.session).to.equal(first.session).and.not.equal(undefined);
    expect(started()).to.equal(1);
    expect(compartments.waiting).to.equal(0);
  });

  it('has another one opened if none becomes free', async () => {
    const { ask, started, clock } = served();
    const first = await ask();
    const second = await ask();
    await clock.advance(PATIENCE_MS);
    expect(second.session).to.not.equal(undefined).and.not.equal(first.session);
    expect(started()).to.equal(2);
  });

  it('is told nothing of an anonymous client that was served before', async () => {
    const { ask } = served();
    const shown = async (principal: string) => (await ask(principal)).session?.context;
    expect(await shown('anonymous')).to.include({ userAgent: undefined, remoteAddress: undefined });
    expect(await shown('alice')).to.include({ userAgent: 'agent/1', remoteAddress: '127.0.0.1' });
  });

  it('does not wait for those of others', async () => {
    const { ask } = served();
    await ask('alice');
    expect((await ask('bob')).session).to.not.equal(undefined);
  });

  it('waits for nothing where no compartment is used again', async () => {
    const { ask } = served({ reuse: false });
    await ask();
    expect((await ask()).session).to.not.equal(undefined);
  });

  it('is not served when its client has gone meanwhile', async () => {
    const { ask, started, clock, compartments } = served();
    await ask();
    const second = await ask();
    second.gone = true;
    await clock.advance(PATIENCE_MS);
    expect(second.session).to.equal(undefined);
    expect(started()).to.equal(1);
    expect(compartments.waiting).to.equal(0);
  });
});

describe('A request of the stateless era for which no worker is left', () => {
  it('waits for a compartment, in its turn', async () => {
    const { ask, answer, clock } = served({ maxThreads: 1 });
    const first = await ask();
    const second = await ask();
    const third = await ask();
    await clock.advance(SECOND / 2);
    await answer(first);
    expect(second.session).to.equal(first.session);
    expect(third.session).to.equal(undefined);
    await answer(second);
    expect(third.session).to.equal(first.session);
  });

  it('takes the worker of a session without work when none has become free for a second', async () => {
    const { ask, awake, clock, workerOf } = served({ maxThreads: 2, sleepAfterMs: 0 });
    const { session } = await awake();
    const first = await ask();
    const second = await ask();
    await clock.advance(SECOND / 2);
    expect(session.state).to.equal('awake');
    await clock.advance(SECOND);
    expect(session.state).to.equal('asleep');
    expect(second.session).to.not.equal(undefined).and.not.equal(first.session);
    expect(workerOf(second.session)).to.not.equal(undefined);
  });

  it('begins soon after a session has given back the worker that it needs', async () => {
    const { ask, awake, clock, workerOf } = served({ maxThreads: 2 });
    const { session } = await awake();
    await ask();
    const second = await ask();
    await clock.advance(SECOND / 4);
    expect(second.session).to.equal(undefined);
    await session.end('delete');
    await clock.advance(SECOND / 4);
    expect(workerOf(second.session)).to.not.equal(undefined);
  });

  it('is refused if what waits is too large together, unless nobody waits for the rest any more', async () => {
    const { ask, compartments } = served({ maxThreads: 1 });
    await ask();
    const large = await ask('alice', 30 * 1024 * 1024);
    const refused = await ask('alice', 3 * 1024 * 1024);
    expect(refused.refused).to.match(/^Requests of 32 Mi characters wait/);
    expect(compartments.waiting).to.equal(1);
    large.gone = true;
    const kept = await ask('alice', 3 * 1024 * 1024);
    expect([kept.refused, compartments.waiting]).to.deep.equal([undefined, 1]);
  });

  it('waits 45 s in all, for a compartment and for its worker', async () => {
    const { ask, clock } = served({ maxThreads: 1, maxSessions: 100 });
    const first = await ask();
    const waiting = [];
    for (let count = 0; count < 20; count += 1) waiting.push(await ask());
    await clock.advance(44 * SECOND);
    // One in a second has had a compartment opened, which has no worker.
    expect(waiting.filter(({ session }) => session !== undefined)).to.have.length(20);
    expect(waiting.flatMap(({ connection }) => connection.bodies)).to.deep.equal([]);
    await clock.advance(2 * SECOND);
    for (const { connection } of waiting) {
      expect(connection.bodies).to.have.length(1);
      expect(connection.bodies[0]).to.include('became free within 45 s').and.include('no_thread');
    }
    expect(first.connection.bodies).to.deep.equal([]);
  });

  it('is refused, and not forgotten, when the gateway stops', async () => {
    const { ask, answer, all, compartments } = served({ maxThreads: 1 });
    const first = await ask();
    const second = await ask();
    const drained = all.drain(SECOND);
    compartments.close();
    expect(second.refused).to.include('shutting down');
    expect(compartments.waiting).to.equal(0);
    await answer(first);
    await drained;
  });

  it('is one in a second that has another one opened, however many wait', async () => {
    const { ask, clock, compartments } = served({ maxThreads: 1, maxSessions: 100 });
    for (let count = 0; count < 10; count += 1) await ask();
    expect(compartments.waiting).to.equal(9);
    await clock.advance(3.5 * SECOND);
    expect(compartments.waiting).to.equal(6);
  });
});

describe('A compartment in which a call waits for its client', () => {
  it('ends with its worker, and does not stay busy', async () => {
    const { ask, workerOf, reasons } = served();
    const { session, key } = await ask();
    workerOf(session)?.asks(key);
    await settle();
    expect(session?.ended).to.equal(false);
    workerOf(session)?.dies({ cause: 'killed', message: 'it was killed' });
    await settle();
    expect(reasons()).to.deep.equal(['request_over']);
  });
});

describe('A line of requests that is full', () => {
  const MI = 1024 * 1024;

  it('is divided equally among the principals that wait in it', async () => {
    const { ask, compartments } = served({ maxThreads: 1 });
    await ask('alice');
    await ask('bob');
    const alices = await Promise.all(Array.from({ length: 1_024 }, () => ask('alice')));
    expect(compartments.waiting).to.equal(1_024);
    const more = await ask('alice');
    expect([more.reason, more.refused]).to.deep.equal([
      'thread_wait',
      '1024 requests wait for a thread or process of this server already. Call again later.',
    ]);
    const bobs = await Promise.all(Array.from({ length: 513 }, () => ask('bob')));
    expect(bobs.map(({ reason }) => reason)).to.deep.equal([
      ...Array<undefined>(512).fill(undefined),
      'principal_wait_limit',
    ]);
    const refused = alices.map(({ reason }) => reason);
    expect(refused.slice(0, 512)).to.deep.equal(Array(512).fill(undefined));
    expect(refused.slice(512)).to.deep.equal(Array(512).fill('principal_wait_limit'));
    expect(compartments.waiting).to.equal(1_024);
  });

  it('is divided by size as well', async () => {
    const { ask } = served({ maxThreads: 1 });
    await ask('alice');
    await ask('bob');
    const alices = [];
    for (let count = 0; count < 4; count += 1) alices.push(await ask('alice', 8 * MI));
    const bobs = [];
    for (let count = 0; count < 3; count += 1) bobs.push(await ask('bob', 8 * MI));
    const reasons = [...alices, ...bobs].map(({ reason }) => reason);
    const limited = 'principal_wait_limit';
    expect(reasons).to.deep.equal([
      ...[undefined, undefined, limited, limited],
      ...[undefined, undefined, limited],
    ]);
  });
});

describe('The successor of a compartment that has served 900 of its 1,000 requests', () => {
  async function nearItsEnd(given: Parameters<typeof world>[0] = {}) {
    const parts = served(given);
    const { ask, answer } = parts;
    let last = await ask();
    const { session } = last;
    const serve = async (count: number): Promise<void> => {
      for (let request = 0; request < count; request += 1) {
        await answer(last);
        last = await ask();
      }
    };
    await serve(899);
    return { ...parts, serve, session, last: () => last };
  }

  it('is set up before it is needed, and serves nothing until then', async () => {
    const { serve, session, last, started, sessions } = await nearItsEnd();
    expect(started()).to.equal(1);
    await serve(1);
    expect(started()).to.equal(2);
    expect(last().session).to.equal(session);
    await serve(99);
    expect(last().session).to.equal(session);
    expect([...sessions.live()]).to.have.length(2);
    await serve(1);
    expect(last().session).to.not.equal(session);
    expect(last().session?.state).to.equal('awake');
    expect(started()).to.equal(2);
    expect(session?.ended).to.equal(true);
  });

  it('is another one that is there already', async () => {
    const { serve, answer, ask, started, clock } = await nearItsEnd();
    const other = await ask();
    await clock.advance(PATIENCE_MS);
    await answer(other);
    await serve(10);
    expect(started()).to.equal(2);
  });

  it('takes no worker from others', async () => {
    const { serve, started, last, session } = await nearItsEnd({ maxThreads: 1 });
    await serve(50);
    expect(started()).to.equal(1);
    expect(last().session).to.equal(session);
  });

  it('ends when nobody needs it', async () => {
    const { serve, answer, last, clock, sessions } = await nearItsEnd();
    await serve(1);
    await answer(last());
    await clock.advance(40 * SECOND);
    expect([...sessions.live()]).to.have.length(0);
  });
});
