/** Sessions whose server is reloaded, over workers in this process and a clock that stands still. */
import { expect } from 'chai';
import { CHANGE_HOLD_MS, CHANGE_WAIT_MS } from '../../../src/session/version-change.js';
import { LIST_KINDS, type ListKind } from '../../../src/shared/list-methods.js';
import { collect } from '../../support/events.js';
import { settle } from '../../support/fake-clock.js';
import { Connection, call, initialize, world } from '../../support/fake-sessions.js';
import { FakeStarter } from '../../support/fake-worker.js';

function reloading(given: Parameters<typeof world>[0] = {}) {
  const made = world(given);
  const next = new FakeStarter(2_000);
  const reload = async (changed: readonly ListKind[] = []): Promise<void> => {
    const { options, headerParams, answers } = made.sessions;
    const { affinity, reuse, handleTools } = options;
    made.pool.replace(next, 'sleepers');
    const version = { affinity, reuse, handleTools, headerParams, answers, discovery: undefined };
    await made.sessions.renew(version, changed);
    await settle();
  };
  return { ...made, next, reload };
}

describe('a session whose server has been reloaded', () => {
  it('gives its worker back at once if nothing is asked of it, and wakes in the new version', async () => {
    const { awake, ask, next, reload, events } = reloading();
    const sleeps = collect(events, 'session-sleeps');
    const { session, worker } = await awake();
    await reload();
    expect([session.state, worker.state]).to.deep.equal(['asleep', 'gone']);
    expect(sleeps.map(({ reason }) => reason)).to.deep.equal(['reload']);
    expect(next.started).to.have.length(0);
    const connection = ask(session, 2);
    await settle();
    next.started[0]?.answers(2);
    expect(connection.bodies).to.have.length(1);
  });

  it('lets its requests finish in the earlier version, and what comes meanwhile waits for the new one', async () => {
    const { awake, ask, next, reload } = reloading();
    const { session, worker } = await awake();
    const early = ask(session, 2);
    await reload();
    const late = ask(session, 3);
    await settle();
    expect(worker.read.filter((body) => body.includes('"id":3'))).to.deep.equal([]);
    expect([worker.state, next.started.length]).to.deep.equal(['claimed', 0]);
    worker.answers(2);
    await settle();
    expect([early.bodies.length, worker.state]).to.deep.equal([1, 'gone']);
    next.started[0]?.answers(3);
    expect(late.bodies).to.have.length(1);
  });

  it('does not let other calls wait for a long one, and changes when that has ended', async () => {
    const { awake, ask, next, reload, clock } = reloading();
    const { session, worker } = await awake();
    ask(session, 2);
    await reload();
    const second = ask(session, 3);
    await clock.advance(CHANGE_WAIT_MS - 1);
    expect(worker.read.some((body) => body.includes('"id":3'))).to.equal(false);
    await clock.advance(1);
    expect(worker.read.some((body) => body.includes('"id":3'))).to.equal(true);
    const third = ask(session, 4);
    worker.answers(4);
    expect(third.bodies).to.have.length(1);
    worker.answers(2);
    const fourth = ask(session, 5);
    expect(worker.read.some((body) => body.includes('"id":5'))).to.equal(false);
    worker.answers(3);
    await settle();
    expect(second.bodies).to.have.length(1);
    next.started[0]?.answers(5);
    expect(fourth.bodies).to.have.length(1);
  });

  it('waits for a hold for a limited time, and then insists', async () => {
    const { awake, ask, reload, clock } = reloading();
    const { session, worker } = await awake();
    worker.held = true;
    worker.staysAwake = true;
    await reload();
    ask(session, 2);
    await clock.advance(CHANGE_HOLD_MS - 1);
    expect(worker.state).to.equal('claimed');
    await clock.advance(1);
    await settle();
    expect(worker.state).to.equal('gone');
  });

  it('changes as soon as the hold is released', async () => {
    const { awake, reload } = reloading();
    const { worker } = await awake();
    worker.held = true;
    await reload();
    expect(worker.state).to.equal('claimed');
    worker.releases();
    await settle();
    expect(worker.state).to.equal('gone');
  });

  it('asks again if the worker has work that was not known', async () => {
    const { awake, reload, clock } = reloading();
    const { worker } = await awake();
    worker.staysAwake = true;
    await reload();
    expect(worker.state).to.equal('claimed');
    await clock.advance(CHANGE_HOLD_MS);
    await settle();
    expect(worker.state).to.equal('gone');
  });

  it('changes when the handler of a cancelled request has settled', async () => {
    const { awake, ask, reload } = reloading();
    const { session, worker } = await awake();
    worker.heeds = false;
    ask(session, 2);
    await reload();
    session.notify({
      kind: 'notification',
      method: 'notifications/cancelled',
      cancels: { requestId: 2, reason: 'no' },
      body: '{}',
    } as never);
    await settle();
    expect(worker.state).to.equal('claimed');
    worker.settles(2);
    await settle();
    expect(worker.state).to.equal('gone');
  });

  it('is told which lists differ, on the stream that it has open, whether it sleeps or not', async () => {
    const { open, starter, reload } = reloading();
    const session = open();
    session.initialize(initialize(), session.context, new Connection());
    await settle();
    const declared = { tools: true, prompts: true, resources: false, logging: false, subscribe: false };
    starter.started[0]?.answers(0, {}, declared);
    const stream = new Connection();
    session.listen(stream);
    await reload(['tools', 'prompts', 'resources']);
    expect(session.state).to.equal('asleep');
    const methods = stream.bodies.map((body) => (JSON.parse(body) as { method: string }).method);
    expect(methods).to.deep.equal(['notifications/tools/list_changed', 'notifications/prompts/list_changed']);
  });

  it('is not kept waiting by workers whose earlier version hangs in its import', async () => {
    const { starter, next, reload, pool } = reloading({ maxThreads: 1 });
    starter.hangs = true;
    const given = pool.acquire(new AbortController().signal);
    await settle();
    expect([starter.started.length, next.started.length]).to.deep.equal([1, 0]);
    await reload();
    expect(await given).to.equal(next.started[0]);
    expect(starter.started[0]?.state).to.equal('gone');
  });

  it('gets a worker of the new version where one was on its way', async () => {
    const { open, ask, next, reload, starter, clock } = reloading({ spareThreads: 1 });
    const session = open();
    session.initialize(initialize(), session.context, new Connection());
    await settle();
    starter.started[0]?.answers(0);
    await clock.advance(50);
    const spares = starter.started.filter(({ state }) => state === 'spare');
    expect(spares).to.have.length(1);
    await reload(LIST_KINDS);
    expect(spares[0]?.state).to.equal('gone');
    ask(session, 7);
    await settle();
    expect(next.started.some(({ read }) => read.some((body) => body === call(7).body))).to.equal(true);
  });
});
