import { expect } from 'chai';
import { createRoutes, findRoute } from '../../../src/admin/routes.js';
import { BulkheadError } from '../../../src/shared/errors.js';
import { MultiClientCount } from '../../../src/telemetry/metrics/multi-client-metrics.js';
import type { ServerSnapshot } from '../../../src/telemetry/snapshot.js';
import { FakeView } from '../metrics/fake-gateway.js';

class ReloadingView extends FakeView {
  readonly asked: string[][] = [];
  outcome: Promise<ServerSnapshot> | undefined;
  override reload(server: string, sessions: string): Promise<ServerSnapshot> | undefined {
    this.asked.push([server, sessions]);
    return this.outcome;
  }
}

describe('POST /servers/{id}/reload', () => {
  const SNAPSHOT = { name: 'a b', version: 2 } as ServerSnapshot;

  async function post(view: ReloadingView, query = '', path = '/servers/a%20b/reload') {
    const scrape = () => Promise.reject(new Error('nobody asked'));
    const found = findRoute(
      createRoutes(view, () => new MultiClientCount(), scrape),
      path,
    );
    const reply = await found?.route.methods.POST?.({ id: found.id, query, accept: undefined });
    return { status: reply?.status, body: JSON.parse(reply?.body as string) as Record<string, unknown> };
  }

  it('answers with the server when its new version is served', async () => {
    const view = new ReloadingView();
    view.outcome = Promise.resolve(SNAPSHOT);
    expect(await post(view)).to.deep.equal({ status: 200, body: SNAPSHOT });
    await post(view, 'sessions=all');
    expect(view.asked).to.deep.equal([
      ['a b', 'sleepers'],
      ['a b', 'all'],
    ]);
  });

  it('says why the new version is refused, and where', async () => {
    const view = new ReloadingView();
    const error = new BulkheadError('ERR_BULKHEAD_SERVER_MODULE', 'it is broken', { detail: 'line 3' });
    view.outcome = Promise.reject(error);
    const body = { error: 'reload_refused', message: 'it is broken', where: 'line 3' };
    expect(await post(view)).to.deep.equal({ status: 422, body });
  });

  it('refuses while the gateway stops, an unknown server, and other parameters', async () => {
    const view = new ReloadingView();
    expect((await post(view)).body.error).to.equal('server_unknown');
    view.outcome = Promise.reject(new BulkheadError('ERR_BULKHEAD_DRAINING', 'it stops'));
    expect(await post(view)).to.deep.equal({ status: 503, body: { error: 'draining', message: 'it stops' } });
    for (const query of ['sessions=none', 'session=all', 'sessions=all&force'])
      expect((await post(view, query)).status, query).to.equal(400);
  });

  it('is no other path', () => {
    const routes = createRoutes(
      new FakeView(),
      () => new MultiClientCount(),
      () => Promise.reject(new Error()),
    );
    for (const path of ['/servers//reload', '/servers/a/b/reload', '/servers/a/reload/x', '/servers/reload'])
      expect(findRoute(routes, path)?.route.path, path).to.equal(undefined);
    expect(findRoute(routes, '/servers')?.route.path).to.equal('/servers');
  });
});
