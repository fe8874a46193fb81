/** Where the secrets of a principal are looked for, and what becomes of them. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { principalOf } from '../../../src/auth/principal.js';
import { PersonalEnvironment } from '../../../src/servers/secrets/personal-environment.js';
import { SecretFolder, secretsFolderName } from '../../../src/servers/secrets/secret-folder.js';
import { NoSecret, secretText } from '../../../src/servers/secrets/secret-source.js';
import { BulkheadError } from '../../../src/shared/errors.js';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const LONE = String.fromCharCode(0xd800);
const SUBJECTS = [
  '../../etc',
  '/',
  '',
  '.',
  '..',
  '/etc/passwd',
  'ada',
  'Ada',
  'ada ',
  'a\0b',
  'Ünï©ødé 名前 🔑',
  'e\u0301',
  '\u00e9',
  'C:\\Windows',
  'con',
  '-rf',
  'x'.repeat(100_000),
];

function personOf(subject: string, issuer = 'https://idp.example') {
  const { key: principal, identity } = principalOf({ kind: 'jwt', issuer, subject });
  return { principal, identity, sessionId: 'session' };
}

describe('The folder of a principal', () => {
  it('is a plain name, whatever the subject is', () => {
    for (const subject of SUBJECTS)
      expect(secretsFolderName(personOf(subject).principal)).to.match(/^[0-9a-f]{64}$/);
  });

  it('is that of no other principal, of any issuer', () => {
    const issuers = ['https://idp.example', 'https://idp.example/ada', 'token'];
    const names = issuers.flatMap((issuer) =>
      SUBJECTS.map((subject) => secretsFolderName(personOf(subject, issuer).principal)),
    );
    expect(new Set(names).size).to.equal(names.length);
  });

  it('differs for any two subjects', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (one, other) => {
        const [first, second] = [one, other].map((subject) => secretsFolderName(personOf(subject).principal));
        expect(first === second).to.equal(one === other);
      }),
    );
  });
});

describe('An environment that depends on the principal', () => {
  const notices: string[] = [];
  const events = new GatewayEmitter();
  events.on('notice', (notice) => void notices.push(JSON.stringify(notice)));
  const { signal } = new AbortController();

  beforeEach(() => notices.splice(0));

  function stored(subject: string, value: string | Uint8Array): SecretFolder {
    const folder = temporaryFolder();
    const own = join(folder, secretsFolderName(personOf(subject).principal));
    mkdirSync(own);
    writeFileSync(join(own, 'KEY'), value);
    return new SecretFolder(folder);
  }

  const environmentOf = (secrets: SecretFolder | undefined) =>
    new PersonalEnvironment('fs', { A: [{ text: '<' }, { secret: 'KEY' }, { text: '>' }] }, secrets, events);

  async function failureOf(promise: Promise<unknown>): Promise<BulkheadError> {
    const error = await promise.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(BulkheadError);
    return error as BulkheadError;
  }

  for (const subject of ['../../etc', '/', '', 'Ünï©ødé 名前 🔑', 'x'.repeat(100_000)])
    it(`has the secret of ${JSON.stringify(subject.slice(0, 20))} and of nobody else`, async () => {
      const environment = environmentOf(stored(subject, 'value\n'));
      expect(await environment.of(personOf(subject), signal)).to.deep.equal({ A: '<value>' });
      const { code, message } = await failureOf(environment.of(personOf(`${subject}x`), signal));
      expect(code).to.equal('ERR_BULKHEAD_SECRET');
      expect(message).to.match(
        /^The variable A of the server "fs" needs the secret KEY, which is not stored for you\./,
      );
      expect(notices.join()).to.include('there is no file');
    });

  it('has the text of the file without the line break at its end', () => {
    const texts = ['a', 'a\n', 'a\r\n', 'a\n\n', ' a ', '\ufeffa'].map((text) =>
      secretText(Buffer.from(text)),
    );
    expect(texts).to.deep.equal(['a', 'a', 'a', 'a\n', ' a ', '\ufeffa']);
  });

  for (const [what, bytes, why] of [
    ['nothing', '', 'is empty'],
    ['only a line break', '\r\n', 'is empty'],
    ['a NUL', 'hush\0', 'contains a NUL'],
    ['no UTF-8', Uint8Array.of(0xff, 0xfe), 'is not text in UTF-8'],
    ['too much', 'hush'.repeat(20_000), 'has more than 64 KiB'],
  ] as const)
    it(`is not made of a file with ${what}`, async () => {
      const { message } = await failureOf(environmentOf(stored('ada', bytes)).of(personOf('ada'), signal));
      expect(message).to.include(`needs the secret KEY, which ${why}`).and.not.include('hush');
      expect(notices.join()).not.to.include('hush');
    });

  it('is not made of a folder, nor waits for whoever might write to a FIFO', async () => {
    const folder = temporaryFolder();
    const own = join(folder, secretsFolderName(personOf('ada').principal));
    mkdirSync(join(own, 'KEY'), { recursive: true });
    const { message } = await failureOf(environmentOf(new SecretFolder(folder)).of(personOf('ada'), signal));
    expect(message).to.include('cannot be read');
  });

  it('follows links, with which orchestrators mount secrets', async () => {
    const folder = temporaryFolder();
    const own = join(folder, secretsFolderName(personOf('ada').principal));
    mkdirSync(own);
    writeFileSync(join(folder, 'data'), 'linked');
    symlinkSync('../data', join(own, 'KEY'));
    expect(await environmentOf(new SecretFolder(folder)).of(personOf('ada'), signal)).to.deep.equal({
      A: '<linked>',
    });
  });

  it('has no secret of a subject that is not Unicode, because two such subjects would have one folder', async () => {
    const { message } = await failureOf(environmentOf(stored(LONE, 'x')).of(personOf(LONE), signal));
    expect(message).to.include('not Unicode');
  });

  it('is not made of a subject with a NUL, which would end the variable', async () => {
    const environment = new PersonalEnvironment('fs', { A: [{ principal: 'subject' }] }, undefined, events);
    expect(await environment.of(personOf('ada'), signal)).to.deep.equal({ A: 'ada' });
    const { message } = await failureOf(environment.of(personOf('a\0b'), signal));
    expect(message).to.include('contains a NUL');
  });

  it('is of no interest once whoever asked has gone, and nothing is reported', async () => {
    const leaving = new AbortController();
    const made = environmentOf(stored('ada', 'value')).of(personOf('ada'), leaving.signal);
    leaving.abort(new Error('gone'));
    const error = await made.then(
      () => undefined,
      (thrown: Error) => thrown.message,
    );
    expect(error).to.equal('gone');
    expect(notices).to.deep.equal([]);
  });

  it('says why without a value, in an error of its own', () => {
    expect(() => secretText(Buffer.from('\n'))).to.throw(NoSecret);
  });
});
