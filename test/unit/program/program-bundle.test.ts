import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ProgramCode } from '../../../src/isolation/thread/program-code.js';
import { NotBundled } from '../../../src/servers/not-bundled.js';
import { bundleProgram } from '../../../src/servers/program-bundle.js';
import { projectRoot } from '../../support/project.js';

const programs = new URL(`file://${projectRoot}/test/fixtures/programs/`);

function fixture(name: string): string {
  return fileURLToPath(new URL(name, programs));
}

describe('the bundle of a program', () => {
  it('has everything that the program imports, and names it in stacks', async () => {
    const bundle = await bundleProgram(fixture('bundled/server.mjs'));
    expect(bundle.filename).to.match(/bundled\/server\.mjs \(bundled\)$/);
    const text = Buffer.from(bundle.text).toString('latin1');
    expect(text).to.include('imported when it was needed').and.include('answer');
  });

  for (const [file, why] of [
    ['main.cjs', /main\.cjs uses more of `require` than the call$/],
    ['bundled/of-main-module.cjs', /^it uses process\.mainModule$/],
  ] as const) {
    it(`is refused where it might behave differently from the files: ${file}`, async () => {
      const failure = await bundleProgram(fixture(file)).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(NotBundled);
      expect((failure as Error).message).to.match(why);
    });
  }
});

describe('the code of a program', () => {
  const bundle = { text: new Uint8Array([1]), filename: 'server.mjs (bundled)', sourceMap: '{}' };

  it('is its files until the bundle is built, and those if there is none', async () => {
    const code = new ProgramCode(Promise.resolve(bundle));
    expect(code.data.programText).to.equal(undefined);
    await code.built;
    expect(code.data.programText).to.deep.equal({ text: bundle.text, filename: bundle.filename });
    const without = new ProgramCode(Promise.resolve(undefined));
    await without.built;
    expect(without.data.programText).to.equal(undefined);
  });

  it('has the code cache of the first thread that runs the bundle and lives long enough to make one', async () => {
    const code = new ProgramCode(Promise.resolve(bundle));
    let asked = 0;
    const thread = (codeCaches: () => Promise<{ worker: Uint8Array; module: Uint8Array | undefined }>) => ({
      codeCaches: () => {
        asked += 1;
        return codeCaches();
      },
    });
    const cache = { worker: new Uint8Array(), module: new Uint8Array([2, 3]) };
    code.started(
      thread(() => Promise.resolve(cache)),
      code.data,
    );
    expect(asked, 'of a thread that runs the files').to.equal(0);
    await code.built;
    const gone = Promise.reject(new Error('it is gone'));
    code.started(
      thread(() => gone),
      code.data,
    );
    await gone.catch(() => {});
    await Promise.resolve();
    code.started(
      thread(() => Promise.resolve(cache)),
      code.data,
    );
    code.started(
      thread(() => Promise.resolve(cache)),
      code.data,
    );
    await Promise.resolve();
    expect(asked).to.equal(2);
    expect(code.data.codeCache).to.deep.equal(new Uint8Array([2, 3]));
  });
});
