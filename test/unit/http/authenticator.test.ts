import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import { readAuthentication } from '../../../src/auth/principal.js';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { type Authenticate, hookAuthenticator } from '../../../src/transports/http/authenticator.js';

const events = new GatewayEmitter();

/** What a hook leads to, and the response that its client may close. */
function ask(hook: unknown, deadlineMs = 10_000) {
  const response = new EventEmitter();
  const found = new Promise<Record<string, unknown>>((resolve) => {
    hookAuthenticator({ hook: hook as Authenticate, events, deadlineMs }).authenticate(
      {} as IncomingMessage,
      response as ServerResponse,
      (result) => resolve({ ...result }),
    );
  });
  return { found, response };
}

describe('The authenticate function of a program', () => {
  it('names a principal at once or later', async () => {
    for (const hook of [() => ({ subject: 'ada' }), async () => ({ subject: 'ada' })])
      expect(await ask(hook).found).to.deep.include({ key: 'local ada' });
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
    ['refuses with 200', () => ({ status: 200, message: 'no' })],
    ['refuses without a message', () => ({ status: 403 })],
    [
      'refuses with two lines in a header',
      () => ({ status: 401, message: 'no', wwwAuthenticate: 'a\r\nb: c' }),
    ],
  ];
  for (const [what, hook] of faults)
    it(`costs only the request if it ${what}`, async () => {
      const { status, reason, message, detail } = await ask(hook).found;
      expect({ status, reason }).to.deep.equal({ status: 500, reason: 'authentication_failed' });
      expect(message).not.to.include('database');
      expect(detail).to.include("createGateway's authenticate function");
    });

  it('is not waited for beyond its deadline', async () => {
    const { status, detail } = await ask(() => new Promise(() => undefined), 20).found;
    expect(status).to.equal(503);
    expect(detail).to.include('took longer');
  });

  it('is forgotten when the client disconnects', async () => {
    let settle: (found: unknown) => void = () => undefined;
    const { found, response } = ask(
      () =>
        new Promise((resolve) => {
          settle = resolve;
        }),
    );
    let called = false;
    void found.then(() => {
      called = true;
    });
    response.emit('close');
    settle({ subject: 'ada' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(called).to.equal(false);
    expect(response.listenerCount('close')).to.equal(0);
  });

  it('challenges with what it says, or with the usual', async () => {
    const given = 'Bearer resource_metadata="https://app.example/meta"';
    const { headers } = await ask(() => ({ status: 401, message: 'no', wwwAuthenticate: given })).found;
    expect(headers).to.deep.equal({ 'www-authenticate': given });
    expect((await ask(() => false).found).headers).to.deep.equal({
      'www-authenticate': 'Bearer realm="mcp-bulkhead"',
    });
    expect((await ask(() => ({ status: 403, message: 'no' })).found).headers).to.equal(undefined);
  });
});

describe('The key of a principal', () => {
  const keyOf = (given: object): unknown => (readAuthentication(given) as { key?: string }).key;

  it('is another for each issuer, subject and set of scopes, and never that of nobody', () => {
    const different = [
      { subject: 'ada' },
      { subject: 'anonymous' },
      { subject: 'token' },
      { subject: 'ada', issuer: 'https://a.example' },
      { subject: 'ada read' },
      { subject: 'ada%20read' },
      { subject: 'ada', scopes: ['read'] },
      { subject: 'ada', scopes: ['read', 'write'] },
      { subject: 'ada\nread' },
    ].map(keyOf);
    expect(new Set(different).size).to.equal(different.length);
    expect(different).not.to.include.members(['anonymous']).and.not.to.include.members(['token']);
  });

  it('does not depend on the order of scopes', () => {
    const key = keyOf({ subject: 'ada', scopes: ['write', 'read', 'read'] });
    expect(key).to.equal(keyOf({ subject: 'ada', scopes: ['read', 'write'] }));
  });
});
