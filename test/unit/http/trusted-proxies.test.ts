import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { clientAddressOf, TrustedProxies } from '../../../src/transports/http/trusted-proxies.js';

const RANGES = ['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '::1'];

describe('The address of a client behind trusted proxies', () => {
  const proxies = new TrustedProxies(RANGES);

  function addressOf(peer: string | undefined, forwarded?: string): string | undefined {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    const request = { headers, socket: { remoteAddress: peer } } as unknown as IncomingMessage;
    proxies.note(request);
    return clientAddressOf(request);
  }

  const cases: [
    what: string,
    peer: string | undefined,
    forwarded: string | undefined,
    address: string | undefined,
  ][] = [
    ['its own without the header', '10.0.0.1', undefined, '10.0.0.1'],
    ['what the proxy says', '10.0.0.1', '203.0.113.5', '203.0.113.5'],
    ['its own where the peer is not trusted', '203.0.113.9', '203.0.113.5', '203.0.113.9'],
    ['its own where it has no address', undefined, '203.0.113.5', undefined],
    ['the right-most that is not trusted', '10.0.0.1', '198.51.100.1, 203.0.113.5, 10.2.3.4', '203.0.113.5'],
    ['never what the client wrote itself', '10.0.0.1', '10.9.9.9, 127.0.0.1,203.0.113.5', '203.0.113.5'],
    ['the left-most where all are trusted', '10.0.0.1', '10.1.1.1,10.2.2.2', '10.1.1.1'],
    ['an address that is trusted alone', '192.0.2.7', '192.0.2.8', '192.0.2.8'],
    ['IPv4 in IPv6', '::ffff:10.0.0.1', '::ffff:203.0.113.5', '203.0.113.5'],
    ['IPv6', '::1', '2001:DB8::1', '2001:db8::1'],
    ['IPv6 with a port', 'fd12::1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['IPv4 with a port', '10.0.0.1', '203.0.113.5:4711', '203.0.113.5'],
    ['quoted', '10.0.0.1', '"203.0.113.5"', '203.0.113.5'],
    ['link-local, without its zone', '10.0.0.1', 'fe80::1%eth0', 'fe80::1'],
    ["the proxy's where the entry is no address", '10.0.0.1', 'unknown', '10.0.0.1'],
    ["the proxy's where the header is empty", '10.0.0.1', '', '10.0.0.1'],
    [
      'the nearest known where an entry is no address',
      '10.0.0.1',
      '203.0.113.5, _hidden, 10.2.2.2',
      '10.2.2.2',
    ],
    ["the proxy's behind garbage", '10.0.0.1', '203.0.113.5, ,', '10.0.0.1'],
    ["the proxy's behind numbers that are no address", '10.0.0.1', '999.1.1.1', '10.0.0.1'],
    [
      'the right end of a header without end',
      '10.0.0.1',
      `${'1.1.1.1,'.repeat(100_000)}203.0.113.5`,
      '203.0.113.5',
    ],
    ['at most that of the sixteenth proxy', '10.0.0.1', `203.0.113.5${',10.0.0.2'.repeat(16)}`, '10.0.0.2'],
    ['never half an address', '10.0.0.1', `1203.0.113.5${' '.repeat(1_020)}`, '10.0.0.1'],
  ];
  for (const [what, peer, forwarded, address] of cases) {
    it(`is ${what}`, () => expect(addressOf(peer, forwarded)).to.equal(address));
  }

  it('comes with what a trusted proxy says of encryption, which is told once', () => {
    const told: string[] = [];
    const protocols = ['https', 'http, https', 'https,http', 'http', 'gopher', ''];
    for (const peer of ['203.0.113.9', '10.0.0.1']) {
      for (const protocol of protocols) {
        const alone = new TrustedProxies(RANGES, () => told.push(`${peer} ${protocol}`));
        const headers = { 'x-forwarded-proto': protocol };
        const request = { headers, socket: { remoteAddress: peer } } as unknown as IncomingMessage;
        alone.note(request);
        alone.note(request);
      }
    }
    expect(told).to.deep.equal(['10.0.0.1 https,http', '10.0.0.1 http']);
  });

  it('takes no more than moments to find in whatever is sent', () => {
    const startedMs = performance.now();
    for (const text of ['"', '[', ' ', ':', '1.', '%', ',', '\u0000', '1:'].map((part) =>
      part.repeat(50_000),
    ))
      expect(addressOf('10.0.0.1', text)).to.equal('10.0.0.1');
    expect(performance.now() - startedMs).to.be.below(1_000);
  });
});
