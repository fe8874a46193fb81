import { expect } from 'chai';
import {
  guardedConnector,
  guardedLookup,
  publicAddressCheck,
} from '../../../workers/environment/public-address.js';

describe('addresses that http_request may reach', () => {
  const isPublic = publicAddressCheck();
  const refused = [
    ...['0.1.2.3', '10.0.0.1', '100.64.0.1', '127.1.2.3', '169.254.169.254', '172.31.255.255', '192.168.1.1'],
    ...[
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::7f00:1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
    ],
    ...[
      '::ffff:7f00:1',
      '64:ff9b::127.0.0.1',
      '64:ff9b::a00:1',
      '64:ff9b:1::1',
      '2002:7f00:1::',
      'fc00::1',
      'fd12::1',
    ],
    ...['fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '2001:db8::1', '2001::1', 'not an address', ''],
  ];
  const allowed = [
    '1.1.1.1',
    '8.8.8.8',
    '100.128.0.1',
    '172.32.0.1',
    '2606:4700:4700::1111',
    '64:ff9b::8.8.8.8',
  ];

  it('that are not public unicast are refused', () => {
    expect(refused.filter(isPublic)).to.deep.equal([]);
  });

  it('that are public are allowed', () => {
    expect(allowed.filter(isPublic)).to.deep.equal(allowed);
  });

  it('are checked where the connection is made: literal ones by the connector, names by the look-up', async () => {
    const check = publicAddressCheck();
    const connected: string[] = [];
    const connect = guardedConnector((options) => void connected.push(options.hostname), check);
    const target = (hostname: string) => ({ hostname, protocol: 'http:', port: '80' });
    for (const hostname of ['127.0.0.1', '[::1]', '169.254.169.254']) {
      const refusal = await new Promise((resolve) =>
        connect(target(hostname), (...outcome) => resolve(outcome[0])),
      );
      expect(refusal).to.be.instanceOf(Error);
    }
    connect(target('192.0.1.1'), () => undefined);
    connect(target('example.com'), () => undefined);
    expect(connected).to.deep.equal(['192.0.1.1', 'example.com']);
    const lookedUp = await new Promise((resolve) => guardedLookup(check)('localhost', {}, resolve));
    expect(lookedUp)
      .to.be.instanceOf(Error)
      .with.property('message')
      .that.matches(/^localhost \(/);
  });
});
