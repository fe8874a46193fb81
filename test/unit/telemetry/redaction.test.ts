import { expect } from 'chai';
import { Redaction } from '../../../src/telemetry/audit/redaction.js';

const shown = (args: unknown, ...redact: readonly string[]): unknown =>
  new Redaction(redact).arguments(JSON.stringify({ params: { arguments: args } }));

describe('Arguments in the audit log', () => {
  for (const name of [
    'password',
    'userPassword',
    'API-Key',
    'api_key',
    'accessToken',
    'Authorization',
    'Set-Cookie',
  ])
    it(`are without the value of ${name}`, () => {
      expect(shown({ [name]: { deep: 1 }, other: 1 })).to.deep.equal({ [name]: '[redacted]', other: 1 });
    });

  it('are without members that are named, in any case, also by globs', () => {
    expect(shown({ PIN: 1, pin_code: 2, x: [{ pin: 3 }] }, 'pin', 'pin_*')).to.deep.equal({
      PIN: '[redacted]',
      pin_code: '[redacted]',
      x: [{ pin: '[redacted]' }],
    });
  });

  it('are without what patterns match, in every text', () => {
    expect(shown({ a: 'x 12-34 y', b: ['12-34', 'z'] }, '/\\d\\d-\\d\\d/')).to.deep.equal({
      a: 'x [redacted] y',
      b: ['[redacted]', 'z'],
    });
  });

  it('are cut in each text, after the patterns', () => {
    const { a } = shown({ a: `${'x'.repeat(995)}secret-word` }, '/secret-word/') as { a: string };
    expect(a).to.not.include('secret');
  });

  it('are absent, with the reason, if a pattern takes exponential time', () => {
    const before = performance.now();
    for (const pattern of ['/(a+)+$/', '/(a|a)*b/', '/^(([a-z])+.)+[A-Z]([a-z])+$/'])
      expect(shown({ a: `${'a'.repeat(10_000)}!` }, pattern), pattern).to.equal(
        '[not recorded: the patterns of audit-redact take too long]',
      );
    expect(performance.now() - before).to.be.below(5_000);
  });

  it('are absent, with the reason, if they are long', () => {
    expect(shown({ a: 'x'.repeat(70_000) })).to.match(/^\[not recorded: the request has \d+ characters\]$/);
  });

  it('may be missing, or no object', () => {
    expect(shown(undefined)).to.deep.equal({});
    expect(shown(['a'])).to.deep.equal(['a']);
  });

  it('may have a member called __proto__', () => {
    const body = '{"params":{"arguments":{"__proto__":{"a":1},"constructor":2}}}';
    expect(JSON.stringify(new Redaction([]).arguments(body))).to.equal(
      '{"__proto__":{"a":1},"constructor":2}',
    );
  });
});
