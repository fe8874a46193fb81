import { expect } from 'chai';
import { consumerOf, networkOf } from '../../src/shared/consumer.js';

describe('A consumer', () => {
  it('is a principal, whatever its address', () => {
    const of = (remoteAddress: string) => consumerOf({ principal: 'https://a.example ada', remoteAddress });
    expect(of('10.0.0.1')).to.equal('https://a.example ada').and.equal(of('10.0.0.2'));
  });

  it('is an address, for those who have not said who they are', () => {
    const of = (remoteAddress: string | undefined) => consumerOf({ principal: 'anonymous', remoteAddress });
    expect(of('10.0.0.1')).to.equal(of('::ffff:10.0.0.1')).and.not.equal(of('10.0.0.2'));
    expect(of(undefined)).to.equal(of(undefined)).and.not.equal(of('10.0.0.1'));
  });

  it('cannot be named like an address', () => {
    expect(consumerOf({ principal: 'anonymous', remoteAddress: '10.0.0.1' })).to.match(/^ /);
  });

  it('has all addresses of a /64', () => {
    const cases: [string, string][] = [
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
      ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
      ['2001:db8::1', '2001:db8:0:0::/64'],
      ['::1', '0:0:0:0::/64'],
      ['fe80::1%eth0', 'fe80:0:0:0::/64'],
      ['192.0.2.7', '192.0.2.7'],
    ];
    for (const [address, network] of cases) expect(networkOf(address), address).to.equal(network);
  });
});
