import type { IncomingHttpHeaders } from 'node:http';
import { expect } from 'chai';
import { createGuard, type GuardOptions, type GuardRejection } from '../../../src/auth/guards.js';
import { processorMs } from '../../support/processor-time.js';

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

function guardOf(options: Partial<GuardOptions> = {}) {
  const guard = createGuard({
    allowedHosts: LOOPBACK,
    allowedOrigins: [],
    allowsAddresses: false,
    allowsLinks: false,
    ...options,
  });
  return (headers: IncomingHttpHeaders, host?: string) => guard.site(headers, host);
}

function isTaken(found: GuardRejection | undefined): boolean {
  return found === undefined;
}

describe('Host header', () => {
  const cases: [host: string | undefined, allowedHosts: string[], ok: boolean][] = [
    ['localhost', LOOPBACK, true],
    ['localhost:3000', LOOPBACK, true],
    ['LocalHost:3000', LOOPBACK, true],
    ['localhost.:3000', LOOPBACK, true],
    ['127.0.0.1:3000', LOOPBACK, true],
    ['[::1]:3000', LOOPBACK, true],
    ['[0:0:0:0:0:0:0:1]', LOOPBACK, true],
    ['[::1]:3000', ['::1'], true],
    [undefined, LOOPBACK, false],
    ['', LOOPBACK, false],
    ['evil.example', LOOPBACK, false],
    ['localhost.evil.example', LOOPBACK, false],
    ['evil.example:3000@localhost', LOOPBACK, false],
    ['localhost@evil.example', LOOPBACK, false],
    ['localhost/evil', LOOPBACK, false],
    ['localhost, evil.example', LOOPBACK, false],
    ['localhost:', LOOPBACK, false],
    ['localhost:abc', LOOPBACK, false],
    ['[::2]:3000', LOOPBACK, false],
    ['gateway.example:8443', ['gateway.example:8443'], true],
    ['gateway.example:8444', ['gateway.example:8443'], false],
    ['gateway.example', ['gateway.example:8443'], false],
    ['gateway.example', ['gateway.example:443'], true],
    ['anything', [], false],
  ];
  for (const [host, allowedHosts, ok] of cases) {
    it(`${host} is ${ok ? 'taken' : 'refused'} where ${allowedHosts.join(' ')} is allowed`, () => {
      const guard = guardOf({ allowedHosts });
      const headers = host === undefined ? {} : { host };
      expect(isTaken(guard(headers))).to.equal(ok);
      expect(isTaken(guard(headers)), 'the second time').to.equal(ok);
    });
  }

  it('may be any address, and still no name, where other machines reach the listener', () => {
    const guard = guardOf({ allowsAddresses: true });
    for (const host of ['10.1.2.3:9464', '192.168.0.9', '[fd00::1]:9464', 'fd00::1']) {
      expect(isTaken(guard({ host })), host).to.equal(true);
    }
    for (const host of ['evil.example', '10.1.2.3.evil.example', '10.1.2', '[fd00::1', '[]', '']) {
      expect(isTaken(guard({ host })), host).to.equal(false);
    }
    expect(isTaken(guardOf()({ host: '10.1.2.3' }))).to.equal(false);
  });

  it('gives way to the host of a target in absolute form', () => {
    expect(guardOf()({ host: 'localhost' }, 'evil.example')).to.include({ reason: 'host' });
    expect(isTaken(guardOf()({ host: 'proxy.example' }, 'localhost:3000'))).to.equal(true);
  });

  it('is read in time linear in its length', () => {
    const guard = guardOf({ allowsAddresses: true });
    const spentMs = processorMs(() => {
      for (const part of [':', '1', '.', 'a', '[', ' ', '%', '0:', '::']) {
        for (const end of ['', 'g', ']', '!']) {
          expect(isTaken(guard({ host: `${part.repeat(16_000)}${end}` }))).to.equal(false);
        }
      }
    });
    // Quadratic time would be minutes.
    expect(spentMs).to.be.below(2_000);
  });

  it('is refused with 403 and a sentence that names the option', () => {
    const found = guardOf()({ host: 'evil.example' });
    expect(found).to.include({ status: 403, reason: 'host' });
    expect(found).to.have.property('message').that.contains('allowed-hosts');
  });
});

describe('Origin header', () => {
  const cases: [origin: string, allowedOrigins: string[], ok: boolean][] = [
    ['http://localhost:5173', ['localhost'], true],
    ['https://LOCALHOST', ['localhost'], true],
    ['http://[::1]:5173', ['[::1]'], true],
    ['https://app.example', ['https://app.example'], true],
    ['https://app.example:443', ['https://app.example'], true],
    ['https://app.example', ['https://APP.example/'], true],
    ['vscode-webview://abc123', ['vscode-webview://abc123'], true],
    ['http://localhost:5173', ['localhost:5173'], true],
    ['null', ['null'], true],
    ['null', ['localhost'], false],
    ['http://localhost:5174', ['localhost:5173'], false],
    ['http://app.example', ['https://app.example'], false],
    ['https://app.example:8443', ['https://app.example'], false],
    ['https://evil.example', ['https://app.example'], false],
    ['https://app.example.evil.example', ['https://app.example', 'app.example'], false],
    ['https://app.example@evil.example', ['app.example'], false],
    ['https://evil.example/app.example', ['app.example'], false],
    ['not an origin', ['https://app.example', 'null', 'nonsense://', 'localhost'], false],
    ['https://app.example', [], false],
  ];
  for (const [origin, allowedOrigins, ok] of cases) {
    it(`${origin} is ${ok ? 'taken' : 'refused'} where ${allowedOrigins.join(' ') || 'none'} is allowed`, () => {
      const guard = guardOf({ allowedOrigins });
      expect(isTaken(guard({ host: 'localhost', origin }))).to.equal(ok);
    });
  }

  it('may be absent: only browsers send it', () => {
    expect(isTaken(guardOf()({ host: 'localhost' }))).to.equal(true);
  });

  it('is refused with 403', () => {
    const found = guardOf()({ host: 'localhost', origin: 'https://evil.example' });
    expect(found).to.include({ status: 403, reason: 'origin' });
  });
});

describe('Sec-Fetch-Site header', () => {
  const image = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const frame = { ...link, 'sec-fetch-dest': 'iframe' };

  it('keeps images, frames and links of other sites out: they send no Origin', () => {
    for (const headers of [image, frame, link]) {
      expect(guardOf()({ host: 'localhost', ...headers })).to.include({ status: 403, reason: 'origin' });
    }
  });

  it('lets links of other sites in where they may lead, and nothing else of those', () => {
    const guard = guardOf({ allowsLinks: true });
    expect(isTaken(guard({ host: 'localhost', ...link }))).to.equal(true);
    for (const headers of [image, frame])
      expect(isTaken(guard({ host: 'localhost', ...headers }))).to.equal(false);
  });

  it('does not matter for an origin that is allowed, nor where a person typed the address', () => {
    const allowed = guardOf({ allowedOrigins: ['https://app.example'] });
    expect(isTaken(allowed({ host: 'localhost', origin: 'https://app.example', ...image }))).to.equal(true);
    for (const site of ['none', 'same-origin', 'same-site']) {
      expect(isTaken(guardOf()({ host: 'localhost', 'sec-fetch-site': site }))).to.equal(true);
    }
  });
});
