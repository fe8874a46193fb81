import { expect } from 'chai';
import { fromApi, type GatewayOptions } from '../../../src/config/options.js';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { noteExposure } from '../../../src/telemetry/log/lifecycle-notices.js';
import { tlsFixture } from '../../support/tls-fixtures.js';

const TLS = { cert: tlsFixture('certificate.pem'), key: tlsFixture('key.pem') };

describe('The warning of a listener without encryption', () => {
  function warnings(options: GatewayOptions, open = { mcp: true, admin: true }): string[] {
    const events = new GatewayEmitter();
    const messages: string[] = [];
    events.on('notice', ({ level, message }) => messages.push(`${level}: ${message}`));
    noteExposure(events, fromApi({ token: 't', ...options }), open);
    return messages;
  }

  it('is given for each that other machines reach', () => {
    expect(warnings({ host: '0.0.0.0', adminHost: '192.0.2.1' })).to.deep.equal([
      'warn: host is 0.0.0.0, which other machines reach without encryption: set tls-cert and tls-key, or trust-proxy to the proxy in front that has TLS',
      'warn: admin-host is 192.0.2.1, which other machines reach without encryption: set admin-tls-cert and admin-tls-key, or trust-proxy to the proxy in front that has TLS',
    ]);
    expect(warnings({ host: '::', insecure: true })).to.have.length(1);
  });

  it('is not given with TLS, behind a proxy, on loopback, or for what is not opened', () => {
    expect(warnings({ host: '0.0.0.0', tlsCert: TLS.cert, tlsKey: TLS.key })).to.deep.equal([]);
    expect(warnings({ adminHost: '0.0.0.0', adminTlsCert: TLS.cert, adminTlsKey: TLS.key })).to.deep.equal(
      [],
    );
    expect(warnings({ host: '0.0.0.0', trustProxy: ['10.0.0.1'] })).to.deep.equal([]);
    expect(warnings({})).to.deep.equal([]);
    expect(warnings({ host: '0.0.0.0', adminHost: '0.0.0.0' }, { mcp: false, admin: false })).to.deep.equal(
      [],
    );
  });
});
