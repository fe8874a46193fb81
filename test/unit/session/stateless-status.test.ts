/**
 * Some errors of a server have a status of their own in the stateless era, such as 404 for an unknown method (2026-07-28,
 * Streamable HTTP): an answer has one as long as its response has not become an event stream.
 */
import { expect } from 'chai';
import { settle } from '../../support/fake-clock.js';
import { Connection, call, initialize, SECOND, SSE_AFTER_MS, world } from '../../support/fake-sessions.js';
import { contextOf } from '../metrics/fake-gateway.js';

const STATELESS = { ...contextOf(), era: 'stateless' as const, affinity: 'request' as const };

class StatusConnection extends Connection {
  /** Whether it has become an event stream. */
  streams = false;
  override open(primingId: string | undefined): void {
    this.streams = true;
    super.open(primingId);
  }
}

describe('A request of the stateless era', () => {
  /** One that waits for the only worker, which serves another session. */
  async function waiting() {
    const given = world({ maxThreads: 1, sleepAfterMs: 0 });
    const { session: other, worker } = await given.awake();
    given.ask(other, 2);
    const session = given.sessions.open(STATELESS, given.streams);
    const owner = {
      onRequestOver: () => {},
      onReady: () => {},
      expired: () => undefined,
      onEnded: () => {},
    };
    session.adopt({ ...initialize(), id: 'opening' }, owner);
    const connection = new StatusConnection();
    session.request([{ ...call(7), id: 'r-1', stateless: true }], false, connection);
    const startWorker = async () => {
      worker.answers(2);
      await other.end('delete');
      await given.clock.advance(0);
      await settle();
      expect(session.state).to.equal('awake');
      return given.starter.started.at(-1)!;
    };
    return { ...given, session, connection, startWorker };
  }

  it('keeps its status while it waits for a worker', async () => {
    const { clock, connection, startWorker } = await waiting();
    await clock.advance(2 * SSE_AFTER_MS);
    const worker = await startWorker();
    expect(connection.streams).to.equal(false);
    worker.answers('r-1');
    expect(connection).to.deep.include({ streams: false });
    expect(connection.bodies).to.have.length(1);
  });

  it('becomes an event stream when its handler takes longer than sse-after', async () => {
    const { clock, connection, startWorker } = await waiting();
    await clock.advance(2 * SSE_AFTER_MS);
    await startWorker();
    await clock.advance(SSE_AFTER_MS);
    expect(connection.streams).to.equal(true);
  });

  it('becomes an event stream after 5 s at the latest, so that its client hears something', async () => {
    const { clock, connection } = await waiting();
    await clock.advance(5 * SECOND - 1);
    expect(connection.streams).to.equal(false);
    await clock.advance(1);
    expect(connection.streams).to.equal(true);
  });

  it('becomes one after sse-after where the worker is there already', async () => {
    const { clock, session, startWorker } = await waiting();
    const worker = await startWorker();
    worker.answers('r-1');
    const connection = new StatusConnection();
    session.request([{ ...call(8), id: 'r-2', stateless: true }], false, connection);
    await clock.advance(SSE_AFTER_MS);
    expect(connection.streams).to.equal(true);
  });
});
