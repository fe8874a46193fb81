/** Whom a compartment may serve: principals that differ never meet. */
import { expect } from 'chai';
import { Compartments } from '../../../src/session/compartments/compartments.js';
import type { Session } from '../../../src/session/session.js';
import type { Affinity } from '../../../src/shared/session-context.js';
import { settle } from '../../support/fake-clock.js';
import { Connection, call, SECOND, world } from '../../support/fake-sessions.js';

function callerOf(principal: string, metadata: Readonly<Record<string, unknown>> = {}) {
  return { principal, metadata, userAgent: undefined, remoteAddress: undefined };
}

function compartments(affinity: Affinity) {
  const handleTools =
    affinity === 'handle' ? { open: 'open_session', close: 'close_session', idleMs: SECOND } : undefined;
  const given = world({ affinity, handleTools } as Parameters<typeof world>[0]);
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

describe('Compartments with a handle', () => {
  it('can be used and closed by the principal alone that has opened them', async () => {
    const { compartments: all, sessions } = compartments('handle');
    const { ofHandles } = all;
    const result = ofHandles?.open(callerOf('alice'));
    const handle = result?.structuredContent?.session as string;
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
    const handle = all.ofHandles?.open(callerOf('alice')).structuredContent?.session as string;
    await clock.advance(3 * 60 * SECOND);
    expect(sessions.get(handle)?.ended).to.equal(false);
  });

  it('are no sessions of clients that initialize', () => {
    const { compartments: all, sessions } = compartments('handle');
    const handle = all.ofHandles?.open(callerOf('alice')).structuredContent?.session as string;
    expect(sessions.find(handle, 'alice')).to.equal(undefined);
  });
});
