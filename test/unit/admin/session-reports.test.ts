import { expect } from 'chai';
import { createAdminServer } from '../../../src/admin/admin-server.js';
import { SessionReports } from '../../../src/admin/session-reports.js';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { MultiClientCount } from '../../../src/telemetry/metrics/multi-client-metrics.js';
import type { SessionSnapshot } from '../../../src/telemetry/snapshot.js';
import { HttpResources } from '../../../src/transports/http/http-resources.js';
import { afterThisTest } from '../../support/cleanup.js';
import { until } from '../../support/deadline.js';
import { rawSocket, requestText } from '../../support/raw-socket.js';
import { contextOf, FakeView, sessionOf } from '../metrics/fake-gateway.js';

const MIB = 1024 * 1024;
/** Far more than the system accepts for a connection and Node buffers. */
const MANY = 2_000;
const LARGE = { text: 'x'.repeat(MIB / 8) };

/** Sessions whose snapshots take time. */
class SlowView extends FakeView {
  visited = 0;
  left = false;
  readonly #count: number;
  readonly #eachMs: number;
  readonly #metadata: Readonly<Record<string, unknown>>;

  constructor(count: number, eachMs: number, metadata = {}) {
    super();
    this.#count = count;
    this.#eachMs = eachMs;
    this.#metadata = metadata;
  }

  override *sessions(): Generator<SessionSnapshot> {
    try {
      for (let session = 0; session < this.#count; session += 1) {
        for (const endMs = performance.now() + this.#eachMs; performance.now() < endMs; );
        this.visited += 1;
        yield sessionOf({ context: contextOf({ sessionId: `s${session}`, metadata: this.#metadata }) });
      }
    } finally {
      this.left = true;
    }
  }
}

function reportsOf(view: FakeView): SessionReports {
  return new SessionReports(view, () => new MultiClientCount());
}

async function whole(parts: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const part of parts) text += part;
  return text;
}

/** The largest number of sessions that were read in one turn of the event loop during the work. */
async function mostInOneTurn(view: SlowView, work: Promise<unknown>): Promise<number> {
  let [most, before] = [0, 0];
  let turning = true;
  const turn = (): void => {
    most = Math.max(most, view.visited - before);
    before = view.visited;
    if (turning) setImmediate(turn);
  };
  setImmediate(turn);
  await work;
  turning = false;
  return most;
}

describe('a report of very many sessions', () => {
  it('is one JSON document of all of them', async () => {
    const view = new SlowView(MANY, 0);
    const listed = JSON.parse(await whole(reportsOf(view).sessions())) as SessionSnapshot[];
    expect(listed).to.deep.equal(JSON.parse(JSON.stringify([...view.sessions()])));
    expect(await whole(reportsOf(new FakeView()).sessions())).to.equal('[]\n');
  });

  it('adds up exactly those that it lists', async () => {
    const view = new SlowView(MANY, 0);
    const { sessions, requests, perSession } = JSON.parse(await reportsOf(view).clients());
    expect(sessions).to.deep.include({ active: MANY, byClient: { 'claude-code': MANY } });
    expect(requests.total).to.equal(3 * MANY);
    expect(perSession).to.have.length(MANY);
    expect(perSession.at(-1).sessionId).to.equal(`s${MANY - 1}`);
  });

  it('lets the event loop turn after a few milliseconds, however many are asked for at once', async () => {
    const view = new SlowView(50, 1);
    const reports = reportsOf(view);
    const work = Promise.all([
      whole(reports.sessions()),
      whole(reports.sessions()),
      reports.clients(),
      reports.clients(),
    ]);
    expect(await mostInOneTurn(view, work)).to.be.within(1, 5);
    expect(view.visited).to.equal(200);
  });

  it('goes on after one that failed', async () => {
    const view = new FakeView();
    view.list = [sessionOf()];
    let failing = true;
    const reports = new SessionReports(view, () => {
      if (failing) throw new Error('on purpose');
      return new MultiClientCount();
    });
    const first = reports.clients().catch((error: Error) => error.message);
    expect(await first).to.equal('on purpose');
    failing = false;
    expect(JSON.parse(await reports.clients()).sessions.active).to.equal(1);
  });

  it('is made no faster than it is read, and no further when its reader is gone', async () => {
    const view = new SlowView(MANY, 0, LARGE);
    const events = new GatewayEmitter();
    const http = new HttpResources({ events, maxBodyBytes: MIB });
    afterThisTest(() => http.close());
    const server = createAdminServer({
      host: '127.0.0.1',
      port: 0,
      allowedHosts: ['127.0.0.1'],
      allowedOrigins: [],
      token: undefined,
      view,
      newCount: () => new MultiClientCount(),
      scrape: () => Promise.reject(new Error('nobody asks for it')),
      events,
      connections: http.connections.admin,
      output: http.output,
    });
    afterThisTest(() => server.close());
    const { port } = await server.listen();
    const url = new URL(`http://127.0.0.1:${port}/sessions`);
    const reader = await rawSocket(url, true);
    reader.write(requestText('GET', url));
    await until(() => http.output.usedBytes > 0, 'output to wait for its reader');
    expect(http.output.usedBytes).to.be.below(2 * MIB);
    const { visited } = view;
    expect((await fetch(new URL('/healthz', url))).status).to.equal(200);
    expect(view.visited).to.equal(visited).and.to.be.below(MANY);
    reader.socket.destroy();
    await until(() => view.left, 'the list to be given up');
    expect(http.output.usedBytes).to.equal(0);
  });
});
