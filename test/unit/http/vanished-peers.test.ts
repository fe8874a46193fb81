import { endianness } from 'node:os';
import { expect } from 'chai';
import { retransmittingIn } from '../../../src/transports/http/vanished-peers.js';

const REST = '    0        0 4711 2 0000000000000000 20 4 30 10 -1';

describe('a line of the kernel’s table of TCP connections', () => {
  before(function () {
    if (endianness() !== 'LE') this.skip();
  });

  it('tells of a connection on which something is sent again without an answer', () => {
    const line = `   7: 0100007F:0BB8 0200000A:A3B2 01 0000002A:00000000 01:00000A1C 00000005 ${REST}`;
    expect(retransmittingIn(line)).to.deep.equal({
      localPort: 3000,
      remotePort: 41906,
      remoteAddress: '10.0.0.2',
    });
  });

  it('tells of it in IPv6, and of IPv4 in IPv6, as Node writes such addresses', () => {
    const line = (remote: string) =>
      `12345: 00000000000000000000000001000000:0BB8 ${remote}:A3B2 01 0000002A:00000000 01:00000A1C 00000005 ${REST}`;
    expect(retransmittingIn(line('B80D0120000000000000000001000000'))?.remoteAddress).to.equal('2001:db8::1');
    expect(retransmittingIn(line('0000000000000000FFFF00000200000A'))?.remoteAddress).to.equal(
      '::ffff:10.0.0.2',
    );
  });

  const others: [what: string, line: string][] = [
    [
      'one that has just sent something',
      `7: 0100007F:0BB8 0200000A:A3B2 01 0000002A:00000000 01:00000014 00000000 ${REST}`,
    ],
    [
      'one on which nothing is on its way',
      `7: 0100007F:0BB8 0200000A:A3B2 01 00000000:00000000 02:00000A1C 00000000 ${REST}`,
    ],
    [
      'one whose reader has no room',
      `7: 0100007F:0BB8 0200000A:A3B2 01 0000002A:00000000 04:00000A1C 00000003 ${REST}`,
    ],
    [
      'the head',
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    ],
    ['nothing', ''],
  ];
  for (const [what, line] of others) {
    it(`is passed over for ${what}`, () => {
      expect(retransmittingIn(line)).to.equal(undefined);
    });
  }
});
