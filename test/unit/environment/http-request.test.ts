import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { exchangeHttp } from '../../../workers/environment/http-exchange.js';
import { publicAddressCheck } from '../../../workers/environment/public-address.js';
import {
  connectEnvironment,
  type EnvironmentClient,
  textOf,
} from '../../fixtures/environment/environment-client.js';
import { type LoopbackServer, startLoopbackServer } from '../../fixtures/environment/loopback-server.js';

describe('http_request of the environment server', () => {
  let loopback: LoopbackServer;
  let listener: RequestListener;
  let open: EnvironmentClient;
  let guarded: EnvironmentClient;

  before(async () => {
    loopback = await startLoopbackServer((request, response) => listener(request, response));
    open = await connectEnvironment({ allowPrivateNetwork: true });
    guarded = await connectEnvironment();
  });

  after(async () => {
    await Promise.all([open.close(), guarded.close(), loopback.close()]);
  });

  const answer = (body: string | Buffer, headers: Record<string, string> = {}, status = 200): void => {
    listener = (_request, response) => void response.writeHead(status, headers).end(body);
  };

  describe('to private addresses', () => {
    it('is refused for literal addresses in every notation, and for names, before any connection', async () => {
      answer('SECRET');
      const { port } = loopback;
      const before = loopback.requests();
      for (const host of [
        '127.0.0.1',
        '[::1]',
        '[::ffff:127.0.0.1]',
        '[::]',
        '0.0.0.0',
        '2130706433',
        '0x7f.1',
        'localhost',
      ]) {
        const result = await guarded.call('http_request', { url: `http://${host}:${port}/` });
        expect(result.isError, host).to.equal(true);
        expect(textOf(result), host).to.match(/not public address; use a public one/);
      }
      expect(loopback.requests()).to.equal(before);
    });

    it('is refused when a redirect leads there', async () => {
      const isPublic = publicAddressCheck();
      for (const host of ['127.0.0.2', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254']) {
        answer('', { location: `http://${host}:${loopback.port}/secret` }, 302);
        const before = loopback.requests();
        const request = {
          url: loopback.origin,
          method: 'GET',
          headers: {},
          body: undefined,
          timeoutMs: 5_000,
          maxBytes: 1_000,
          // The test's own server takes the place of a public one.
          isAllowed: (address: string) => address === '127.0.0.1' || isPublic(address),
        };
        const refusal = await exchangeHttp(request, new AbortController().signal).catch(
          (error: Error) => error.message,
        );
        expect(refusal).to.match(/not public address/);
        expect(loopback.requests() - before).to.equal(1);
      }
    });

    it('works when the operator allows it', async () => {
      answer('open', { 'content-type': 'text/plain', 'x-twice': 'yes' });
      for (const host of ['127.0.0.1', 'localhost']) {
        const result = await open.call('http_request', { url: `http://${host}:${loopback.port}/` });
        expect(result.structuredContent).to.include({
          status: 200,
          body: 'open',
          bodyEncoding: 'text',
          truncated: false,
        });
        expect(JSON.parse(textOf(result))).to.deep.equal(result.structuredContent);
      }
    });
  });

  describe('responses', () => {
    it('over maxBytes are cut and say so', async () => {
      answer('x'.repeat(1000));
      const { structuredContent } = await open.call('http_request', { url: loopback.origin, maxBytes: 10 });
      expect(structuredContent).to.include({ body: 'xxxxxxxxxx', bodyBytes: 10, truncated: true });
      const whole = await open.call('http_request', { url: loopback.origin, maxBytes: 1000 });
      expect(whole.structuredContent).to.include({ bodyBytes: 1000, truncated: false });
    });

    it('without an end are cut too', async () => {
      listener = (_request, response) => {
        const flood = () => {
          while (response.write('y'.repeat(65_536)));
          response.once('drain', flood);
        };
        flood();
      };
      const { structuredContent } = await open.call('http_request', { url: loopback.origin, maxBytes: 5 });
      expect(structuredContent).to.include({ body: 'yyyyy', truncated: true });
    });

    it('come in the charset that the server names, and as base64 where they are binary or compressed', async () => {
      answer(Buffer.from('caf\xe9', 'latin1'), { 'content-type': 'text/html; charset=ISO-8859-1' });
      expect((await open.call('http_request', { url: loopback.origin })).structuredContent).to.include({
        body: 'café',
      });
      answer(Buffer.from([0, 1, 2]));
      const binary = await open.call('http_request', { url: loopback.origin });
      expect(binary.structuredContent).to.include({ body: 'AAEC', bodyEncoding: 'base64' });
      answer('text', { 'content-encoding': 'gzip' });
      const compressed = await open.call('http_request', { url: loopback.origin });
      expect(compressed.structuredContent).to.include({ bodyEncoding: 'base64' });
    });

    it('that redirect are followed, with the method that belongs to the status', async () => {
      const seen: string[] = [];
      const steps: Record<string, [number, string]> = { '/a': [307, '/b'], '/b': [302, 'c'] };
      listener = (request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          seen.push(`${request.method} ${request.url} ${Buffer.concat(chunks)}`);
          const [status, location] = steps[request.url ?? ''] ?? [];
          if (status !== undefined) response.writeHead(status, { location });
          response.end('done');
        });
      };
      const { structuredContent } = await open.call('http_request', {
        url: `${loopback.origin}/a#part`,
        method: 'POST',
        body: 'data',
      });
      expect(seen).to.deep.equal(['POST /a data', 'POST /b data', 'GET /c ']);
      expect(structuredContent).to.include({ url: `${loopback.origin}/c`, body: 'done' });
      expect(structuredContent?.redirects).to.deep.equal([`${loopback.origin}/a`, `${loopback.origin}/b`]);
    });

    it('that redirect to another origin take no credentials along', async () => {
      const other = await startLoopbackServer((request, response) => {
        response.end(
          JSON.stringify([request.headers.authorization, request.headers.cookie, request.headers['x-kept']]),
        );
      });
      answer('', { location: other.origin }, 302);
      const { structuredContent } = await open.call('http_request', {
        url: loopback.origin,
        headers: { Authorization: 'Bearer secret', Cookie: 'a=b', 'X-Kept': 'yes' },
      });
      await other.close();
      expect(structuredContent?.body).to.equal('[null,null,"yes"]');
    });

    it('that redirect without end, or to another scheme, are errors', async () => {
      answer('', { location: '/again' }, 302);
      expect(textOf(await open.call('http_request', { url: loopback.origin }))).to.match(
        /redirects more than 5 times/,
      );
      answer('', { location: 'file:///etc/passwd' }, 302);
      expect(textOf(await open.call('http_request', { url: loopback.origin }))).to.match(
        /file: cannot be requested/,
      );
    });
  });

  describe('requests', () => {
    it('that cannot be made are answered with what to do', async () => {
      const rows: [Record<string, unknown>, RegExp][] = [
        [{ url: 'nonsense' }, /not a URL/],
        [{ url: 'file:///etc/passwd' }, /use http: or https:/],
        [{ url: 'http://user:word@example.com/' }, /Authorization header/],
        [{ url: loopback.origin, headers: { Host: 'elsewhere' } }, /"Host" is set by the connection/],
        [{ url: loopback.origin, headers: { 'x-bad': 'a\r\nb: c' } }, /failed: .*header/],
        [{ url: loopback.origin, method: 'CONNECT' }, /method/],
      ];
      for (const [args, sentence] of rows) {
        const result = await open.call('http_request', args);
        expect(result.isError, JSON.stringify(args)).to.equal(true);
        expect(textOf(result)).to.match(sentence);
      }
    });

    it('to a port where nobody listens are an error that says so', async () => {
      const placeholder = createServer().listen(0, '127.0.0.1');
      await once(placeholder, 'listening');
      const { port } = placeholder.address() as AddressInfo;
      placeholder.close();
      await once(placeholder, 'close');
      const result = await open.call('http_request', { url: `http://127.0.0.1:${port}/` });
      expect(result.isError).to.equal(true);
      expect(textOf(result)).to.match(/failed: .*ECONNREFUSED/);
    });

    it('end at their time limit, before and within the body', async () => {
      const handlers: RequestListener[] = [
        () => undefined,
        (_request, response) => void response.write('begun'),
      ];
      for (const handler of handlers) {
        listener = handler;
        const result = await open.call('http_request', { url: loopback.origin, timeoutMs: 50 });
        expect(result.isError).to.equal(true);
        expect(textOf(result)).to.match(/took over 50 ms/);
      }
    });

    it('that are cancelled close their connection', async () => {
      const reached = new Promise<[IncomingMessage, ServerResponse]>((resolve) => {
        listener = (...pair) => resolve(pair);
      });
      const cancel = new AbortController();
      const settled = open.settled('http_request');
      const call = open.client.callTool(
        { name: 'http_request', arguments: { url: loopback.origin } },
        undefined,
        {
          signal: cancel.signal,
        },
      );
      const cancelled = call.catch(() => 'cancelled');
      const [, response] = await reached;
      const closed = once(response, 'close');
      cancel.abort('enough');
      await Promise.all([closed, settled]);
      expect(await cancelled).to.equal('cancelled');
    });
  });
});
