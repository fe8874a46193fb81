import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { readAuthentication } from '../../../src/auth/given-principal.js';
import { ProtectedResources } from '../../../src/auth/oauth/protected-resources.js';
import { type Authenticate, ProgramHook } from '../../../src/auth/program-hook.js';

const NOTHING = { publicUrl: undefined, issuers: [], scopes: [], servers: () => [] };
const endpoint = new ProtectedResources(NOTHING).endpoint(undefined, undefined);

/** What a hook leads to. */
async function ask(hook: unknown, deadlineMs = 10_000): Promise<Readonly<Record<string, unknown>>> {
  const way = new ProgramHook(hook as Authenticate, deadlineMs);
  return { ...(await way.authenticate({} as IncomingMessage, endpoint)) };
}

describe('The authenticate function of a program', () => {
  it('names a principal at once or later', async () => {
    for (const hook of [() => ({ subject: 'ada' }), async () => ({ subject: 'ada' })])
      expect(await ask(hook)).to.deep.include({ key: 'local ada' });
  });

  const faults: [what: string, hook: () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('no database');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no database');
      },
    ],
    [
      'throws nothing',
      () => {
        throw undefined;
      },
    ],
    [
      'returns what cannot be looked at',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: that is the fault.
        get then() {
          throw new Error('no database');
        },
      }),
    ],
    ['returns true', () => true],
    ['returns a text', () => 'ada'],
    ['returns an empty subject', () => ({ subject: '' })],
    ['returns a subject that is too long', async () => ({ subject: 'x'.repeat(501) })],
    ['returns an issuer with a space', () => ({ subject: 'ada', issuer: 'a b' })],
    ['returns scopes that are a text', () => ({ subject: 'ada', scopes: 'read write' })],
    ['returns too many scopes', () => ({ subject: 'ada', scopes: Array.from({ length: 101 }, String) })],
    ['returns a text as its end', () => ({ subject: 'ada', expiresAtMs: 'soon' })],
    ['refuses with 200', () => ({ status: 200, message: 'no' })],
    ['refuses without a message', () => ({ status: 403 })],
    [
      'refuses with two lines in a header',
      () => ({ status: 401, message: 'no', wwwAuthenticate: 'a\r\nb: c' }),
    ],
  ];
  for (const [what, hook] of faults)
    it(`costs only the request if it ${what}`, async () => {
      const { status, reason, message, detail } = await ask(hook);
      expect({ status, reason }).to.deep.equal({ status: 500, reason: 'authentication_failed' });
      expect(message).not.to.include('database');
      expect(detail).to.include("createGateway's authenticate function");
    });

  it('is not waited for beyond its deadline', async () => {
    const { status, detail } = await ask(() => new Promise(() => undefined), 20);
    expect(status).to.equal(503);
    expect(detail).to.include('took longer');
  });

  it('leaves the request to others where it does not know', async () => {
    for (const nothing of [undefined, null, false]) {
      expect(await ask(() => nothing)).to.deep.equal({});
      expect(await ask(async () => nothing)).to.deep.equal({});
    }
  });

  it('challenges with what it says, or with the usual', async () => {
    const given = 'Bearer resource_metadata="https://app.example/meta"';
    const { headers } = await ask(() => ({ status: 401, message: 'no', wwwAuthenticate: given }));
    expect(headers).to.deep.equal({ 'www-authenticate': given });
    expect((await ask(() => ({ status: 401, message: 'no' }))).headers).to.deep.equal({
      'www-authenticate': 'Bearer realm="mcp-bulkhead"',
    });
    expect((await ask(() => ({ status: 403, message: 'no' }))).headers).to.equal(undefined);
  });
});

describe('The key of a principal', () => {
  const keyOf = (given: object): unknown => (readAuthentication(given) as { key?: string }).key;

  it('is another for each issuer and subject, and never that of nobody', () => {
    const different = [
      { subject: 'ada' },
      { subject: 'anonymous' },
      { subject: 'token' },
      { subject: 'ada', issuer: 'https://a.example' },
      { subject: 'ada read' },
      { subject: 'ada%20read' },
      { subject: 'ada\nread' },
    ].map(keyOf);
    expect(new Set(different).size).to.equal(different.length);
    expect(different).not.to.include.members(['anonymous']).and.not.to.include.members(['token']);
  });

  it('does not depend on scopes or on the end of a credential, which a refreshed token changes', () => {
    const key = keyOf({ subject: 'ada', scopes: ['write', 'read'], expiresAtMs: 1 });
    expect(key).to.equal(keyOf({ subject: 'ada', scopes: ['read'] }));
  });
});
