import { expect } from 'chai';
import { HostedServers } from '../../../src/hosting/hosted-servers.js';
import { Preparations } from '../../../src/hosting/preparations.js';
import type { BrokenEntry } from '../../../src/servers/server-entry.js';
import type { AllSessions } from '../../../src/session/all-sessions.js';
import { StopDeadline } from '../../../src/shared/stop-deadline.js';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { afterThisTest } from '../../support/cleanup.js';
import { collect } from '../../support/events.js';
import { FakeClock } from '../../support/fake-clock.js';

type Shared = ConstructorParameters<typeof HostedServers>[1];

describe('The servers of a gateway', () => {
  /** @param atOnce how many are tried out at the same time; the entries are wrong, so nothing else is needed */
  function hosted(broken: readonly BrokenEntry[], atOnce: number) {
    const clock = new FakeClock().install();
    const events = new GatewayEmitter();
    const notices = collect(events, 'notice');
    const shared = { events, preparations: new Preparations(atOnce) } as unknown as Shared;
    const sessions = { draining: false } as AllSessions;
    const servers = new HostedServers({ servers: [], broken, single: false, warnings: [] }, shared, sessions);
    afterThisTest(async () => {
      clock.restore();
      await servers.close(new StopDeadline(1_000));
    });
    const logged = () => notices.splice(0).map(({ level, message }) => `${level}: ${message}`);
    return { clock, servers, logged };
  }

  const wrong = (name: string, reason = 'it is wrong') => ({ name, source: 'bulkhead.json', reason });

  it('are named while the start waits for them, once until they are others', async () => {
    const { clock, servers, logged } = hosted([wrong('a'), wrong('b')], 0);
    void servers.start(false, false).catch(() => {});
    await clock.advance(4_999);
    expect(logged()).to.deep.equal([]);
    await clock.advance(60_000);
    expect(logged()).to.deep.equal(['info: the start waits for servers that are being tried out: a, b']);
  });

  it('have the reason why they cannot be served in the log, once until it changes', async () => {
    let reason = 'no file';
    const readAgain = (): BrokenEntry => ({ ...wrong('a', reason), readAgain });
    const { clock, servers, logged } = hosted([readAgain()], 2);
    await servers.start(false, false);
    expect(logged()).to.deep.equal([
      'error: the server "a" cannot be served: no file; it is tried again in 1 s',
    ]);
    await clock.advance(3_000);
    expect(logged()).to.deep.equal([
      'debug: the server "a" cannot be served: no file; it is tried again in 2 s',
      'debug: the server "a" cannot be served: no file; it is tried again in 4 s',
    ]);
    reason = 'no folder';
    await clock.advance(4_000);
    expect(logged()).to.deep.equal([
      'error: the server "a" cannot be served: no folder; it is tried again in 8 s',
    ]);
  });

  it('are no reason to log what a reload reports', async () => {
    let reason = 'no file';
    const readAgain = (): BrokenEntry => ({ ...wrong('a', reason), readAgain });
    const { servers, logged } = hosted([readAgain()], 2);
    await servers.start(false, false);
    logged();
    reason = 'no folder';
    const refused = await servers
      .get('a')
      ?.reload({ cause: 'api', sessions: 'all' })
      .catch(({ message }: Error) => message);
    expect(refused).to.equal('no folder');
    expect(logged()).to.deep.equal([
      'debug: the server "a" cannot be served: no folder; it is tried again in 2 s',
    ]);
  });
});
