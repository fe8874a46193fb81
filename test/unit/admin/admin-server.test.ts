import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect } from 'chai';
import {
  type AdminServer,
  type AdminServerOptions,
  createAdminServer,
} from '../../../src/admin/admin-server.js';
import { BulkheadError } from '../../../src/shared/errors.js';
import { GatewayEmitter, type GatewayEvents } from '../../../src/telemetry/events.js';
import { MultiClientCount } from '../../../src/telemetry/metrics/multi-client-metrics.js';
import { HttpResources } from '../../../src/transports/http/http-resources.js';
import { OutputBudget } from '../../../src/transports/http/output-budget.js';
import { afterThisTest } from '../../support/cleanup.js';
import { until } from '../../support/deadline.js';
import { rawSocket, requestText } from '../../support/raw-socket.js';
import { contextOf, FakeView, sessionOf } from '../metrics/fake-gateway.js';

describe('admin listener', () => {
  let view: FakeView;
  let events: GatewayEmitter;
  let server: AdminServer;
  let address: AddressInfo;
  let scrape: AdminServerOptions['scrape'];
  let rejections: GatewayEvents['rejected'][0][];

  const start = async (options: Partial<AdminServerOptions> = {}) => {
    server = createAdminServer({
      host: '127.0.0.1',
      port: 0,
      allowedHosts: ['127.0.0.1'],
      allowedOrigins: ['localhost'],
      token: undefined,
      view,
      newCount: () => new MultiClientCount(),
      scrape: (accept) => scrape(accept),
      events,
      ...httpParts(events),
      ...options,
    });
    address = await server.listen();
  };

  beforeEach(async () => {
    view = new FakeView();
    view.list = ['s1', 's2'].map((sessionId) => sessionOf({ context: contextOf({ sessionId }) }));
    events = new GatewayEmitter();
    rejections = [];
    events.on('rejected', (rejection) => rejections.push(rejection));
    scrape = async (accept) => ({
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: `accept ${accept}\n`,
    });
    await start();
  });

  afterEach(() => server.close());

  interface Answer {
    readonly status: number | undefined;
    readonly headers: IncomingHttpHeaders;
    readonly text: string;
  }

  const ask = async (method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> => {
    const request = httpRequest({
      host: '127.0.0.1',
      port: address.port,
      method,
      path,
      headers,
      agent: false,
    });
    request.end();
    const [response] = await once(request, 'response');
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return { status: response.statusCode, headers: response.headers, text };
  };

  describe('GET /metrics', () => {
    it('answers with the scrape in the format that was asked for', async () => {
      const { status, headers, text } = await ask('GET', '/metrics?x=1', { accept: 'text/plain' });
      expect(status).to.equal(200);
      expect(headers['content-type']).to.equal('text/plain; version=0.0.4; charset=utf-8');
      expect(text).to.equal('accept text/plain\n');
    });

    it('answers HEAD with the same headers and no body', async () => {
      const { status, headers, text } = await ask('HEAD', '/metrics', { accept: 'text/plain' });
      expect([status, headers['content-length'], text]).to.deep.equal([200, '18', '']);
    });

    it('answers 500 with the reason when the scrape fails', async () => {
      scrape = () => Promise.reject(new Error('no snapshot'));
      const { status, text } = await ask('GET', '/metrics');
      expect(status).to.equal(500);
      expect(JSON.parse(text)).to.deep.equal({ error: 'internal_error', message: 'no snapshot' });
    });
  });

  describe('health', () => {
    it('is 200 on /healthz, ready or not', async () => {
      view.unreadyReason = 'draining';
      expect((await ask('GET', '/healthz')).status).to.equal(200);
    });

    it('is 200 on /readyz while new sessions can come', async () => {
      const { status, text } = await ask('GET', '/readyz');
      expect([status, JSON.parse(text)]).to.deep.equal([200, { status: 'ready' }]);
    });

    it('is 200 on /readyz where some servers are broken, and says which and why, without paths', async () => {
      const served = { name: 'good', state: 'served', reason: undefined } as const;
      const broken = { name: 'bad', state: 'broken', reason: 'there is none at /home/ada/bad.mjs' } as const;
      const rest = {
        kind: 'module',
        isolation: 'thread',
        sessions: 0,
        version: 0,
        outdatedWorkers: 0,
      } as const;
      view.hosted = [served, broken].map((server) => ({
        ...rest,
        ...server,
        loadedAtMs: undefined,
        serverInfo: undefined,
      }));
      const { status, text } = await ask('GET', '/readyz');
      expect(status).to.equal(200);
      expect(JSON.parse(text)).to.deep.equal({
        status: 'ready',
        broken: [{ name: 'bad', reason: 'there is none at (a path)' }],
      });
    });

    it('is 503 on /readyz with the reason when they cannot', async () => {
      view.unreadyReason = 'The gateway is draining.';
      const { status, text } = await ask('GET', '/readyz');
      expect(status).to.equal(503);
      expect(JSON.parse(text)).to.deep.equal({ status: 'unready', reason: 'The gateway is draining.' });
    });
  });

  describe('sessions', () => {
    it('are listed', async () => {
      const { status, headers, text } = await ask('GET', '/sessions');
      expect(status).to.equal(200);
      expect(headers['content-type']).to.equal('application/json; charset=utf-8');
      expect(JSON.parse(text)).to.deep.equal(JSON.parse(JSON.stringify(view.list)));
    });

    it('are shown one by one', async () => {
      const { text } = await ask('GET', '/sessions/s2');
      expect(JSON.parse(text).context.sessionId).to.equal('s2');
    });

    it('are found by an id that had to be encoded', async () => {
      view.list = [sessionOf({ context: contextOf({ sessionId: 'a/b' }) })];
      expect((await ask('GET', '/sessions/a%2Fb')).status).to.equal(200);
    });

    it('are shown when their metadata holds what JSON does not', async () => {
      view.list = [sessionOf({ context: contextOf({ metadata: { big: 1n } }) })];
      expect((await ask('GET', '/sessions')).status).to.equal(200);
    });

    it('are ended by DELETE', async () => {
      const { status, text } = await ask('DELETE', '/sessions/s1');
      expect([status, text]).to.deep.equal([204, '']);
      expect(view.list).to.have.length(1);
    });

    for (const method of ['GET', 'DELETE']) {
      for (const id of ['unknown', '%', '%zz', '%ff', '..']) {
        it(`are 404 for ${method} of ${id}`, async () => {
          const { status, text } = await ask(method, `/sessions/${id}`);
          expect(status).to.equal(404);
          expect(JSON.parse(text).error).to.equal('session_unknown');
        });
      }
    }
  });

  describe('what it refuses', () => {
    it('another path: 404, and what there is', async () => {
      const { status, text } = await ask('GET', '/');
      expect(status).to.equal(404);
      expect(JSON.parse(text).routes).to.include.members(['GET /metrics', 'DELETE /sessions/{id}']);
      expect(rejections.map(({ reason }) => reason)).to.deep.equal(['not_found']);
    });

    const notAllowed: [method: string, path: string, allow: string][] = [
      ['POST', '/metrics', 'GET, HEAD'],
      ['DELETE', '/sessions', 'GET, HEAD'],
      ['PUT', '/sessions/s1', 'GET, HEAD, DELETE'],
      ['OPTIONS', '/sessions', 'GET, HEAD'],
    ];
    for (const [method, path, allow] of notAllowed) {
      it(`${method} ${path}: 405 with Allow`, async () => {
        const { status, headers, text } = await ask(method, path);
        expect([status, headers.allow]).to.deep.equal([405, allow]);
        expect(JSON.parse(text).error).to.equal('method_not_allowed');
      });
    }

    it('another Host: 403', async () => {
      expect((await ask('GET', '/healthz', { host: 'evil.example' })).status).to.equal(403);
      expect(rejections[0]).to.include({ reason: 'host', status: 403, remoteAddress: '127.0.0.1' });
    });

    it('what a page of another site leads to: 403, unless it is a link to what is read', async () => {
      const link = {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      };
      expect((await ask('GET', '/sessions', link)).status).to.equal(200);
      for (const [method, path] of [
        ['POST', '/servers/env/reload'],
        ['DELETE', '/sessions/s1'],
      ] as const)
        expect((await ask(method, path, link)).status, method).to.equal(403);
    });

    it('another Origin: 403, and no origin gets a CORS header', async () => {
      expect((await ask('GET', '/sessions', { origin: 'https://evil.example' })).status).to.equal(403);
      const { status, headers } = await ask('GET', '/sessions', { origin: 'http://localhost:1' });
      expect(status).to.equal(200);
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).to.deep.equal([]);
    });
  });

  describe('with a token', () => {
    beforeEach(async () => {
      await server.close();
      await start({ token: 's3cret' });
    });

    for (const path of ['/metrics', '/sessions', '/sessions/s1', '/nothing']) {
      it(`asks for it on ${path}`, async () => {
        const { status, headers } = await ask('GET', path);
        expect(status).to.equal(401);
        expect(headers['www-authenticate']).to.equal('Bearer realm="mcp-bulkhead"');
        expect((await ask('GET', path, { authorization: 'Bearer s3cret' })).status).to.not.equal(401);
      });
    }

    it('ends no session without it', async () => {
      expect((await ask('DELETE', '/sessions/s1')).status).to.equal(401);
      expect(view.list).to.have.length(2);
    });

    for (const path of ['/healthz', '/readyz']) {
      it(`leaves ${path} open`, async () => {
        expect((await ask('GET', path)).status).to.equal(200);
      });
    }
  });

  describe('listening and closing', () => {
    it('names the option when the port is in use', async () => {
      const second = createAdminServer({
        host: '127.0.0.1',
        port: address.port,
        allowedHosts: [],
        allowedOrigins: [],
        token: undefined,
        view,
        newCount: () => new MultiClientCount(),
        scrape,
        events,
        ...httpParts(events),
      });
      const error = await second.listen().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(BulkheadError).with.property('code', 'ERR_BULKHEAD_LISTEN');
      expect((error as Error).message).to.match(/^admin-port \d+ on 127\.0\.0\.1 is in use/);
      await second.close();
    });

    it('closes connections that are idle, and ones that never said anything', async () => {
      const silent = connect(address.port, '127.0.0.1');
      const idle = connect(address.port, '127.0.0.1');
      await Promise.all([once(silent, 'connect'), once(idle, 'connect')]);
      idle.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      await once(idle, 'data');
      const closed = Promise.all([once(silent, 'close'), once(idle, 'close')]);
      silent.resume();
      idle.resume();
      await server.close();
      await closed;
    });

    it('answers a probe at once behind more idle connections than it takes', async () => {
      const idle = Array.from({ length: 300 }, () =>
        connect(address.port, '127.0.0.1').on('error', () => {}),
      );
      await Promise.all(idle.map((socket) => once(socket, 'connect')));
      expect((await ask('GET', '/healthz')).status).to.equal(200);
      for (const socket of idle) socket.destroy();
    });

    it('answers what it was asked before it closed', async () => {
      let finish = () => {};
      let asked = () => {};
      const arrived = new Promise<void>((resolve) => {
        asked = resolve;
      });
      scrape = () =>
        new Promise((resolve) => {
          finish = () => resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'late\n' });
          asked();
        });
      const answer = ask('GET', '/metrics', { connection: 'keep-alive' });
      await arrived;
      const closed = server.close();
      finish();
      const { text, headers } = await answer;
      expect([text, headers.connection]).to.deep.equal(['late\n', 'close']);
      await closed;
    });

    it('counts answers that nobody reads with all other output, and closes them past its budget', async () => {
      const output = new OutputBudget({ events, limitBytes: 30 * 1024 * 1024 });
      const dropped: GatewayEvents['connection-dropped'][0][] = [];
      events.on('connection-dropped', (drop) => dropped.push(drop));
      await server.close();
      await start({ output });
      scrape = async () => ({
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        body: 'x'.repeat(12 * 1024 * 1024),
      });
      const url = new URL(`http://127.0.0.1:${address.port}/metrics`);
      for (let reader = 0; reader < 3; reader += 1)
        (await rawSocket(url, true)).write(requestText('GET', url));
      await until(() => dropped.length > 0, 'a connection to be dropped');
      expect(dropped).to.deep.equal([
        { listener: 'admin', reason: 'output_budget', remoteAddress: '127.0.0.1' },
      ]);
      expect(output.usedBytes).to.be.within(1, output.limitBytes);
    });

    it('may be closed twice', async () => {
      await server.close();
      await server.close();
    });
  });
});

function httpParts(events: GatewayEmitter): Pick<AdminServerOptions, 'connections' | 'output'> {
  const resources = new HttpResources({ events, maxBodyBytes: 1024 });
  afterThisTest(() => resources.close());
  return { connections: resources.connections.admin, output: resources.output };
}
