import { expect } from 'chai';
import { createThreadPool, type ModulePoolOptions } from '../../src/isolation/thread/thread-pool.js';
import { WorkerBudget } from '../../src/isolation/worker-budget.js';
import { bundleServerModule } from '../../src/servers/module-bundle.js';
import { checkServerModule } from '../../src/servers/server-module-check.js';
import { StopDeadline } from '../../src/shared/stop-deadline.js';
import { GatewayEmitter } from '../../src/telemetry/events.js';
import { afterThisTest } from '../support/cleanup.js';
import { collect } from '../support/events.js';
import { fixtureModule } from '../support/modules.js';

const CLOSE_DEADLINE_MS = 5_000;

describe("V8's code caches", () => {
  const serverModule = fixtureModule('light').href;
  const options: ModulePoolOptions = {
    serverModule,
    startTimeoutMs: 30_000,
    environment: { roots: [], allowPrivateNetwork: false },
    env: process.env,
    spareThreads: 0,
    threadHeapMb: 128,
    threadMemoryMb: 512,
    threadNice: 0,
    fastPath: true,
    cancelGraceMs: 1_000,
  };

  /** A pool, and the code caches that V8 refused in it. */
  function poolOf(given: Partial<ModulePoolOptions>) {
    const events = new GatewayEmitter();
    const rejected = collect(events, 'code-cache-rejected');
    const notices = collect(events, 'notice');
    const pool = createThreadPool({ ...options, ...given }, new WorkerBudget(2), events);
    afterThisTest(() => pool.close(new StopDeadline(CLOSE_DEADLINE_MS)));
    const start = () => pool.acquire(new AbortController().signal);
    return { rejected, notices, start };
  }

  it('are taken by the threads that they were made for', async () => {
    const { bundle, codeCaches } = await checkServerModule(
      { name: 'tools', moduleUrl: serverModule, startTimeoutMs: 30_000, handleTools: () => undefined },
      true,
      (code, events) => createThreadPool({ ...options, ...code }, new WorkerBudget(1), events),
    );
    expect(codeCaches.module).not.to.equal(undefined);
    const { rejected, notices, start } = poolOf({ bundle, codeCaches });
    expect((await start()).state).to.equal('spare');
    expect(rejected).to.deep.equal([]);
    expect(notices).to.deep.equal([]);
  });

  it('are counted for each thread where V8 refuses them, and each is told of once; threads work without', async () => {
    const bundle = await bundleServerModule(serverModule);
    const junk = Buffer.alloc(4_096, 'no code cache');
    const { rejected, notices, start } = poolOf({ bundle, codeCaches: { worker: junk, module: junk } });
    for (let threads = 1; threads <= 2; threads += 1) {
      const thread = await start();
      expect(thread.state).to.equal('spare');
      expect(thread.traits).to.include({ staticLists: true, sleeps: true });
      expect(rejected).to.have.length(2 * threads);
    }
    expect(rejected.map(({ cache }) => cache)).to.deep.equal(['worker', 'module', 'worker', 'module']);
    expect(notices.map(({ level, fields }) => [level, fields?.cache])).to.deep.equal([
      ['warn', 'worker'],
      ['warn', 'module'],
    ]);
    expect(notices[0]?.message).to.match(/refused the code cache of the session worker/);
  });
});
