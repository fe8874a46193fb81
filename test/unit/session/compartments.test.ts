/** Whom a compartment may serve: principals that differ never meet. */
import { expect } from 'chai';
import { Compartments } from '../../../src/session/compartments/compartments.js';
import type { Session } from '../../../src/session/session.js';
import type { Affinity } from '../../../src/shared/session-context.js';
import { NOBODY } from '../../../src/shared/session-context.js';
import { settle } from '../../support/fake-clock.js';
import { Connection, call, SECOND, world } from '../../support/fake-sessions.js';

function callerOf(principal: string, metadata: Readonly<Record<string, unknown>> = {}) {
  return { principal, identity: NOBODY, metadata, userAgent: undefined, remoteAddress: undefined };
}

function compartments(affinity: Affinity, more: Parameters<typeof world>[0] = {}) {
  const handleTools =
    affinity === 'handle' ? { open: 'open_session', close: 'close_session', idleMs: SECOND } : undefined;
  const given = world({ ...more, affinity, handleTools } as Parameters<typeof world>[0]);
  const all = new Compartments(given.sessions, given.streams);
  const take = (principal: string, metadata?: Readonly<Record<string, unknown>>): Session => {
    const found = all.take(callerOf(principal, metadata));
    if ('reason' in found) throw new Error(found.message);
    return found;
  };
  let requests = 0;
  /** A request of this compartment, answered. */
  const serve = async (session: Session): Promise<void> => {
    requests += 1;
    const key = `r-${requests}`;
    session.request([{ ...call(requests), id: key, stateless: true }], false, new Connection());
    await settle();
    const worker = given.starter.started.find(({ sessionId }) => sessionId === session.id);
    worker?.answers(key);
    await settle();
  };
  return { ...given, all: given.all, compartments: all, take, serve };
}

describe('Compartments of single requests', () => {
  it('are used again for the same principal alone', async () => {
    const { take, serve } = compartments('request');
    const first = take('alice');
    await serve(first);
    expect(take('bob')).to.not.equal(first);
    expect(take('alice')).to.equal(first);
  });

  it('are used again for the same metadata alone', async () => {
    const { take, serve } = compartments('request');
    const first = take('alice', { team: 'a', count: 1n });
    await serve(first);
    expect(take('alice', { team: 'a', count: 2n })).to.not.equal(first);
    expect(take('alice')).to.not.equal(first);
    expect(take('alice', { team: 'a', count: 1n })).to.equal(first);
  });

  it('serve one request at a time', async () => {
    const { take, serve } = compartments('request');
    const first = take('alice');
    expect(take('alice')).to.not.equal(first);
    await serve(first);
    expect(take('alice')).to.equal(first);
    expect(take('alice')).to.not.equal(first);
  });

  it('end after 1,000 requests', async () => {
    const { take, serve, reasons } = compartments('request');
    const first = take('alice');
    await serve(first);
    for (let count = 1; count < 1_000; count += 1) {
      expect(take('alice')).to.equal(first);
      await serve(first);
    }
    expect(reasons()).to.deep.equal(['request_over']);
    expect(take('alice')).to.not.equal(first);
  });

  it('end when nobody has needed them for 30 s', async () => {
    const { take, serve, reasons, clock } = compartments('request');
    await serve(take('alice'));
    await clock.advance(29 * SECOND);
    expect(reasons()).to.deep.equal([]);
    await clock.advance(7 * SECOND);
    expect(reasons()).to.deep.equal(['idle']);
  });
});

describe('Compartments of principals', () => {
  it('are the same for all requests of one, and never for another', async () => {
    const { take, serve } = compartments('principal');
    const alice = take('alice');
    expect(take('alice')).to.equal(alice);
    await serve(alice);
    expect(take('alice')).to.equal(alice);
    expect(take('bob')).to.not.equal(alice);
  });

  it('are opened anew when they have ended', async () => {
    const { take } = compartments('principal');
    const alice = take('alice');
    await alice.end('admin');
    expect(take('alice')).to.not.equal(alice);
  });
});

describe('Who else may meet the compartment of a caller, and continue its calls', () => {
  it('has the same principal, and the same metadata where they decide the compartment', () => {
    const same = (affinity: Affinity, principal: string, byHandle = false): boolean => {
      const { compartments: all } = compartments(affinity);
      const [one, other] = ['a', 'b'].map((team) => all.sharedBy(callerOf(principal, { team }), byHandle));
      return one === other;
    };
    expect(same('request', 'alice')).to.equal(false);
    expect(same('principal', 'anonymous')).to.equal(false);
    expect(same('principal', 'alice')).to.equal(true);
    expect(same('handle', 'alice')).to.equal(false);
    expect(same('handle', 'alice', true)).to.equal(true);
    const { compartments: all } = compartments('principal');
    expect(all.sharedBy(callerOf('alice'), false)).to.not.equal(all.sharedBy(callerOf('bob'), false));
  });
});

describe('Compartments with a handle', () => {
  const opened = (all: Compartments, principal: string): string => {
    const result = all.ofHandles?.open(callerOf(principal));
    if (result === undefined || 'reason' in result) throw new Error(result?.message);
    return result.structuredContent?.session as string;
  };

  it('can be used and closed by the principal alone that has opened them', async () => {
    const { compartments: all, sessions } = compartments('handle');
    const { ofHandles } = all;
    const handle = opened(all, 'alice');
    const session = sessions.get(handle);
    expect(ofHandles?.find(handle, 'alice')).to.deep.equal({ compartment: session });
    expect(ofHandles?.find(handle, 'bob')).to.have.nested.property('result.isError', true);
    expect(ofHandles?.close(handle, 'bob').isError).to.equal(true);
    expect(session?.ended).to.equal(false);
    expect(ofHandles?.close(handle, 'alice').isError).to.equal(undefined);
    expect(session?.ended).to.equal(true);
  });

  it('wait for their first call as long as for any other', async () => {
    const { compartments: all, sessions, clock } = compartments('handle');
    const handle = opened(all, 'alice');
    await clock.advance(3 * 60 * SECOND);
    expect(sessions.get(handle)?.ended).to.equal(false);
  });

  it('are at most a quarter of max-sessions for one principal', async () => {
    const { compartments: all, sessions } = compartments('handle', { maxSessions: 40 });
    const handles = Array.from({ length: 10 }, () => opened(all, 'alice'));
    const refused = all.ofHandles?.open(callerOf('alice'));
    expect(refused).to.include({ reason: 'principal_session_limit' });
    expect(refused)
      .to.have.property('message')
      .that.matches(/10 open sessions.*close_session/);
    opened(all, 'bob');
    for (let count = 0; count < 15; count += 1) opened(all, 'anonymous');
    await sessions.get(handles[0]!)?.end('delete');
    opened(all, 'alice');
    expect(all.ofHandles?.open(callerOf('alice'))).to.include({ reason: 'principal_session_limit' });
  });

  it('are no sessions of clients that initialize', () => {
    const { compartments: all, sessions } = compartments('handle');
    const handle = opened(all, 'alice');
    expect(sessions.find(handle, 'alice')).to.equal(undefined);
  });
});
