/** What runs in a session, for handlers that settle when the test says. */
import { expect } from 'chai';
import { currentRequest, currentRequestKey, type Run } from '../../../workers/session/current-request.js';
import type { Extra } from '../../../workers/session/sdk1/call-handlers.js';
import { SessionAwareToolExecutor } from '../../../workers/session/sdk1/tool-executor.js';
import { settle } from '../../support/fake-clock.js';
import { contextOf } from '../metrics/fake-gateway.js';

const CALL = 'tools/call';

function world() {
  const context = contextOf();
  const settled: { requestId: unknown; key: string; cancelled: boolean }[] = [];
  const onSettled = ({ requestId, key, cancelled }: Run): void =>
    void settled.push({ requestId, key, cancelled });
  const executor = new SessionAwareToolExecutor(context, onSettled);
  /** A request that arrives and is passed to its handler, as the SDK does it. */
  const serve = (requestId: number, handler: () => unknown): Promise<unknown> => {
    executor.arrived(requestId, `key ${requestId}`, CALL);
    return executor.run(CALL, { requestId } as Extra, handler);
  };
  return { context, settled, executor, serve };
}

describe('A handler', () => {
  it('is reported as settled when its promise has, and only then', async () => {
    const { executor, serve, settled } = world();
    const { promise, resolve } = deferred<string>();
    const served = serve(1, () => promise);
    await settle();
    expect([executor.busy, settled.length]).to.deep.equal([true, 0]);
    resolve('result');
    expect(await served).to.equal('result');
    expect(settled).to.deep.equal([{ requestId: 1, key: 'key 1', cancelled: false }]);
    expect(executor.busy).to.equal(false);
  });

  it('is reported as settled when it throws, with or without a promise', async () => {
    const { executor, serve, settled } = world();
    const thrower = (): never => {
      throw new Error('at once');
    };
    expect(await rejection(serve(1, thrower))).to.equal('at once');
    expect(await rejection(serve(2, () => Promise.reject(new Error('later'))))).to.equal('later');
    expect(settled.map(({ requestId }) => requestId)).to.deep.equal([1, 2]);
    expect(executor.busy).to.equal(false);
  });

  it('that throws nothing at all fails with an error, which the SDK can answer with', async () => {
    const { serve } = world();
    for (const nothing of [undefined, null])
      expect(await rejection(serve(1, () => Promise.reject(nothing)))).to.equal(
        `the handler of tools/call threw ${nothing}`,
      );
  });

  it('of a request that the transport did not announce is tracked too', async () => {
    const { executor, settled } = world();
    await executor.run('tasks/get', { requestId: 9 } as Extra, () => 'result');
    expect(settled).to.deep.equal([{ requestId: 9, key: '', cancelled: false }]);
  });
});

describe('The current request', () => {
  it('is the one whose handler runs, before and after what it awaits', async () => {
    const { context, serve } = world();
    const seen: unknown[] = [];
    await serve(1, async () => {
      seen.push(currentRequest()?.requestId);
      await settle();
      seen.push(currentRequestKey());
      expect(currentRequest()).to.include({ method: CALL, context });
    });
    expect(seen).to.deep.equal([1, 'key 1']);
  });

  it('is each handler’s own where several run', async () => {
    const { serve } = world();
    const gate = deferred<void>();
    const handler = async (): Promise<unknown> => {
      await gate.promise;
      return currentRequest()?.requestId;
    };
    const served = [1, 2, 3].map((id) => serve(id, handler));
    gate.resolve();
    expect(await Promise.all(served)).to.deep.equal([1, 2, 3]);
  });

  it('is none outside of a handler, and none for what a handler left behind', async () => {
    const { serve } = world();
    const gate = deferred<void>();
    let left: Promise<unknown> = Promise.resolve();
    await serve(1, () => {
      left = gate.promise.then(() => currentRequest());
    });
    expect(currentRequest()).to.equal(undefined);
    gate.resolve();
    expect(await left).to.equal(undefined);
  });
});

describe('A request that is cancelled', () => {
  it('is reported as cancelled once its handler has settled', async () => {
    const { executor, serve, settled } = world();
    const { promise, resolve } = deferred<void>();
    const served = serve(1, () => promise);
    executor.cancelled(1);
    await settle();
    expect(settled).to.deep.equal([]);
    resolve();
    await served;
    expect(settled).to.deep.equal([{ requestId: 1, key: 'key 1', cancelled: true }]);
  });

  it('is not cancelled after its answer', async () => {
    const { executor, serve, settled } = world();
    const { promise, resolve } = deferred<void>();
    const served = serve(1, () => promise);
    executor.answered(1);
    executor.cancelled(1);
    resolve();
    await served;
    expect(settled[0]?.cancelled).to.equal(false);
  });

  it('leaves a later request with its id alone', async () => {
    const { executor, serve, settled } = world();
    const [first, second] = [deferred<void>(), deferred<void>()];
    const served = [serve(1, () => first.promise)];
    executor.cancelled(1);
    served.push(serve(1, () => second.promise));
    first.resolve();
    await served[0];
    executor.cancelled(1);
    second.resolve();
    await served[1];
    expect(
      settled.map(({ cancelled }) => cancelled),
      'each by its own cancellation',
    ).to.deep.equal([true, true]);
  });

  it('is cancelled with all others when the session ends', async () => {
    const { executor, serve, settled } = world();
    const gate = deferred<void>();
    const served = [1, 2].map((id) => serve(id, () => gate.promise));
    executor.allCancelled();
    gate.resolve();
    await Promise.all(served);
    expect(settled.map(({ cancelled }) => cancelled)).to.deep.equal([true, true]);
  });
});

describe('What a handler has thrown', () => {
  it('is known until its request has been answered', async () => {
    const { executor, serve } = world();
    const error = new Error('thrown');
    await rejection(serve(1, () => Promise.reject(error)));
    expect(executor.thrownBy(1)).to.equal(error);
    expect(executor.thrownBy(1)).to.equal(undefined);
  });

  it('is forgotten where the request was cancelled, which nobody answers', async () => {
    const { executor, serve } = world();
    const { promise, reject } = deferred<void>();
    const served = serve(1, () => promise);
    executor.cancelled(1);
    reject(new Error('thrown'));
    await rejection(served);
    expect(executor.thrownBy(1)).to.equal(undefined);
  });
});

describe('A session that ends', () => {
  it('waits until no handler runs', async () => {
    const { executor, serve } = world();
    const [one, other] = [deferred<void>(), deferred<void>()];
    const served = [serve(1, () => one.promise), serve(2, () => other.promise)];
    let idle = false;
    const ended = executor.idle().then(() => {
      idle = true;
    });
    one.resolve();
    await served[0];
    await settle();
    expect(idle).to.equal(false);
    other.resolve();
    await Promise.all([ended, ...served]);
  });

  it('does not wait where none runs', async () => {
    await world().executor.idle();
  });
});

async function rejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'it did not fail',
    (error: Error) => error.message,
  );
}

function deferred<Value>() {
  let resolve!: (value: Value) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
