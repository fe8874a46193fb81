import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type FetchOptions, fetchExposition } from '../../load/server/fetch-exposition.js';
import { ServerUnreadable } from '../../load/server/server-unreadable.js';
import { afterThisTest } from '../support/cleanup.js';

/** @returns the URL of a server that is closed after the test. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterThisTest(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
}

async function failure(url: string, options?: FetchOptions): Promise<string> {
  const error = await fetchExposition(url, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(ServerUnreadable);
  return (error as Error).message;
}

describe('a scrape', () => {
  it('gives what the server exposes, and sends the authorization', async () => {
    const url = await serve((request, response) => {
      expect(request.headers.authorization).to.equal('Bearer secret');
      expect(request.headers.accept).to.match(/^text\/plain;version=0\.0\.4,/);
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end('calls_total 5\n');
    });
    const found = await fetchExposition(url, { authorization: 'Bearer secret' });
    expect(found.sum('calls_total')).to.equal(5);
  });

  it('asks OpenMetrics for its end mark', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/openmetrics-text; version=1.0.0' }).end('x 1\n');
    });
    expect(await failure(url)).to.equal(
      `Can't read metrics from ${url}: not in Prometheus' text format: line 1 is the last one and not # EOF.`,
    );
  });

  it('says in one sentence what another page is', async () => {
    const url = await serve((_request, response) => response.end('<html>\n</html>'));
    expect(await failure(url)).to.equal(
      `Can't read metrics from ${url}: not in Prometheus' text format: line 1 is no sample: "<html>".`,
    );
  });

  it('says which status it met, and follows no redirection', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    );
    expect(await failure(url)).to.equal(`Can't read metrics from ${url}: the server answered HTTP 302.`);
  });

  it('says that there are no metrics', async () => {
    const url = await serve((_request, response) => response.end());
    expect(await failure(url)).to.equal(`Can't read metrics from ${url}: there are none.`);
  });

  it('says that nobody listens, without user and password', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await failure(`http://user:password@127.0.0.1:${port}/metrics`)).to.equal(
      `Can't read metrics from http://127.0.0.1:${port}/metrics: connect ECONNREFUSED 127.0.0.1:${port}.`,
    );
  });

  it('says that an address is none of HTTP', async () => {
    for (const url of ['metrics', 'file:///etc/passwd']) {
      expect(await failure(url)).to.equal('The address of the metrics must be an http: or https: URL.');
    }
  });

  it('takes no more than so many bytes', async () => {
    const url = await serve((_request, response) => response.end(`${'x'.repeat(2_000)} 1\n`));
    expect(await failure(url, { maxBytes: 1_000 })).to.equal(
      `Can't read metrics from ${url}: more than 1000 bytes.`,
    );
  });

  it('takes no more than so many bytes of an answer that never ends', async () => {
    const url = await serve((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('# comment\n'.repeat(100)));
      };
      response.on('drain', more);
      more();
    });
    expect(await failure(url, { maxBytes: 100_000 })).to.equal(
      `Can't read metrics from ${url}: more than 100000 bytes.`,
    );
  });

  it('waits for no answer longer than its time, nor for the rest of one', async () => {
    const silent = await serve(() => undefined);
    const slow = await serve((_request, response) => response.write('calls_total 5\n'));
    for (const url of [silent, slow]) {
      expect(await failure(url, { timeoutMs: 50 })).to.equal(
        `Can't read metrics from ${url}: no answer within 50ms.`,
      );
    }
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const reason = new Error('interrupted');
    const url = await serve(() => controller.abort(reason));
    const thrown = await fetchExposition(url, { signal: controller.signal }).catch((error: unknown) => error);
    expect(thrown).to.equal(reason);
    const again = await fetchExposition(url, { signal: controller.signal }).catch((error: unknown) => error);
    expect(again).to.equal(reason);
  });
});
