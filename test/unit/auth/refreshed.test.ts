import { expect } from 'chai';
import { metadataUrls } from '../../../src/auth/oauth/issuer.js';
import { Refreshed } from '../../../src/auth/oauth/refreshed.js';
import { TokenCache } from '../../../src/auth/oauth/token-cache.js';
import { afterThisTest } from '../../support/cleanup.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

const SECOND = 1_000;

function world() {
  const clock = new FakeClock().install();
  afterThisTest(() => clock.restore());
  const failures: unknown[] = [];
  const asked: { resolve: (value: string) => void; reject: (error: unknown) => void }[] = [];
  const refreshed = new Refreshed<string>({
    fetch: () => new Promise((resolve, reject) => void asked.push({ resolve, reject })),
    staleMs: 600 * SECOND,
    coolDownMs: 30 * SECOND,
    failureCoolDownMs: 5 * SECOND,
    onFailure: (error) => void failures.push(error),
  });
  return { clock, refreshed, asked, failures };
}

describe('What is fetched from an authorization server', () => {
  it('is fetched once for all who ask at the same time, and kept', async () => {
    const { refreshed, asked } = world();
    const all = Promise.all([refreshed.get(), refreshed.get(), refreshed.refresh()]);
    asked[0]?.resolve('one');
    expect(await all).to.deep.equal(['one', 'one', 'one']);
    expect(await refreshed.get()).to.equal('one');
    expect(asked).to.have.length(1);
  });

  it('is not fetched again before the cool-down is over, whoever wants a newer one', async () => {
    const { clock, refreshed, asked } = world();
    const first = refreshed.get();
    asked[0]?.resolve('one');
    await first;
    expect(await refreshed.refresh()).to.equal('one');
    await clock.advance(30 * SECOND);
    const newer = refreshed.refresh();
    asked[1]?.resolve('two');
    expect(await newer).to.equal('two');
    expect(asked).to.have.length(2);
  });

  it('goes on being used when it is old and the server is down', async () => {
    const { clock, refreshed, asked, failures } = world();
    const first = refreshed.get();
    asked[0]?.resolve('one');
    await first;
    await clock.advance(600 * SECOND);
    expect(await refreshed.get()).to.equal('one');
    asked[1]?.reject(new Error('down'));
    await settle();
    expect(failures).to.have.length(1);
    expect(await refreshed.get()).to.equal('one');
    expect(asked, 'not so soon again').to.have.length(2);
    const refused = await refreshed.refresh().catch((error: Error) => error.message);
    expect(refused, 'a newer one cannot be had').to.equal('down');
  });

  it('is tried again soon after a failure', async () => {
    const { clock, refreshed, asked } = world();
    const first = refreshed.get().catch((error: Error) => error.message);
    asked[0]?.reject(new Error('down'));
    expect(await first).to.equal('down');
    expect(await refreshed.get().catch((error: Error) => error.message)).to.equal('down');
    expect(asked).to.have.length(1);
    await clock.advance(5 * SECOND);
    const second = refreshed.get();
    asked[1]?.resolve('up');
    expect(await second).to.equal('up');
  });
});

describe('Verdicts on tokens', () => {
  it('are forgotten in time, and the oldest ones when there are too many', () => {
    const cache = new TokenCache<number>();
    cache.set('a', 1, 1_000);
    expect([cache.get('a', 999), cache.get('a', 1_000), cache.get('a', 999)]).to.deep.equal([
      1,
      undefined,
      undefined,
    ]);
    for (let index = 0; index <= 10_000; index += 1) cache.set(String(index), index, 1_000);
    expect([cache.get('0', 0), cache.get('1', 0), cache.get('10000', 0)]).to.deep.equal([
      undefined,
      1,
      10_000,
    ]);
  });
});

describe('The metadata of an authorization server', () => {
  it('is looked for where RFC 8414 and OpenID Connect have it', () => {
    expect(metadataUrls('https://idp.example/realms/team/')).to.deep.equal([
      'https://idp.example/.well-known/oauth-authorization-server/realms/team',
      'https://idp.example/.well-known/openid-configuration/realms/team',
      'https://idp.example/realms/team/.well-known/openid-configuration',
    ]);
    expect(metadataUrls('https://idp.example')).to.have.length(2);
  });
});
