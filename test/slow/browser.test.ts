import { expect } from 'chai';
import type { GatewayEvents } from '../../src/index.js';
import { type Browser, startBrowser } from '../support/browser.js';
import { once } from '../support/events.js';
import { type Gateway, mcpUrl, sseUrl, startGateway } from '../support/gateway.js';

const TOKEN = 's3cret';

interface PageFunctions {
  streamableHttp(url: string, token: string): Promise<Round & { readonly sessionId: string }>;
  legacySse(url: string, token: string): Promise<Round>;
  ask(url: string, init: RequestInit): Promise<Record<string, unknown>>;
  image(url: string): Promise<string>;
}

interface Round {
  readonly server: string;
  readonly tools: string[];
  readonly texts: string[];
  readonly logged: unknown;
}

describe('A web page in Chromium', () => {
  let browser: Browser;
  let gateway: Gateway;

  before('start the browser', async () => {
    browser = await startBrowser('pages/mcp-client.mjs');
  });
  after('close the browser', () => browser?.close());
  beforeEach(async () => {
    const allowedOrigins = [browser.origin('app.localhost')];
    gateway = await startGateway({ allowedOrigins, token: TOKEN, spareThreads: 2 });
  });

  /** Calls a function of the page that is served under this name. */
  async function inPage<Name extends keyof PageFunctions>(
    hostname: string,
    name: Name,
    ...args: Parameters<PageFunctions[Name]>
  ): Promise<Awaited<ReturnType<PageFunctions[Name]>>> {
    const page = await browser.open(hostname);
    try {
      const call = ([called, given]: [string, unknown[]]): unknown =>
        (globalThis as unknown as Record<string, (...all: unknown[]) => unknown>)[called]?.(...given);
      return (await page.evaluate(call, [name, args] as [string, unknown[]])) as Awaited<
        ReturnType<PageFunctions[Name]>
      >;
    } finally {
      await page.close();
    }
  }

  function expectRound({ server, tools, texts, logged }: Round): void {
    expect(server).to.equal('bulkhead-fixture');
    expect(tools).to.include.members(['echo', 'slow', 'broadcast']);
    expect(texts).to.deep.equal(['from a page', 'waited 200']);
    expect(logged).to.equal('news');
  }

  it("does a whole round with the SDK's client from an origin that is allowed: initialize, list, calls, GET stream, DELETE", async () => {
    const ended = once(gateway.events, 'session-ended');
    const seen = await inPage('app.localhost', 'streamableHttp', String(mcpUrl(gateway)), TOKEN);
    expectRound(seen);
    const { context, reason } = (await ended) as GatewayEvents['session-ended'][0];
    expect(context.sessionId).to.equal(seen.sessionId);
    expect(reason).to.equal('delete');
  });

  it('does the same over legacy HTTP+SSE', async () => {
    const ended = once(gateway.events, 'session-ended');
    expectRound(await inPage('app.localhost', 'legacySse', String(sseUrl(gateway)), TOKEN));
    expect((await ended).reason).to.equal('stream_closed');
  });

  it('can tell why it is refused', async () => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
    expect(await inPage('app.localhost', 'ask', String(mcpUrl(gateway)), init)).to.deep.equal({
      status: 401,
      authenticate: 'Bearer realm="mcp-bulkhead"',
    });
    const known = { ...init, headers: { ...init.headers, authorization: `Bearer ${TOKEN}` } };
    const elsewhere = String(new URL('/elsewhere', gateway.url));
    expect(await inPage('app.localhost', 'ask', elsewhere, known)).to.include({ status: 404 });
  });

  it('reads nothing from an origin that is not allowed', async () => {
    const init = { method: 'GET', headers: { authorization: `Bearer ${TOKEN}` } };
    for (const url of [mcpUrl(gateway), sseUrl(gateway)]) {
      const seen = await inPage('evil.localhost', 'ask', String(url), init);
      expect(seen).to.deep.equal({ error: 'TypeError' });
    }
    expect(gateway.sessions()).to.deep.equal([]);
  });

  it('opens no session with an image, where no token keeps it out either', async () => {
    const open = await startGateway({ allowedOrigins: [browser.origin('app.localhost')] });
    const rejected = once(open.events, 'rejected');
    expect(await inPage('evil.localhost', 'image', String(sseUrl(open)))).to.equal('failed');
    expect((await rejected).reason).to.equal('origin');
    expect(open.sessions()).to.deep.equal([]);
  });
});
