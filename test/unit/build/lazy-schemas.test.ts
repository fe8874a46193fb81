import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { stop } from 'esbuild';
import { usingHolder, withLazySchemas } from '../../../build/lazy-schemas.js';
import { projectRoot } from '../../support/project.js';

const SDK = join(projectRoot, 'node_modules/@modelcontextprotocol/sdk/dist/esm');

describe('The lazy schemas of the build', () => {
  after(stop);

  it("make a getter of each schema of the SDK's types.js, and leave none to be built when it is loaded", async () => {
    const { names, contents } = await withLazySchemas(readFileSync(join(SDK, 'types.js'), 'utf8'));
    expect(names.size).to.be.above(130);
    expect([...names]).to.include.members([
      'JSONRPCMessageSchema',
      'CallToolRequestSchema',
      'ElicitResultSchema',
    ]);
    for (const name of names) expect(contents).to.match(new RegExp(`get ${name}\\(\\)`));
    expect(contents).not.to.match(/^(?:export )?(?:const|var|let) \w+Schema = z\./m);
  });

  it('build a schema when it is first used, once, with those that it is made of', async () => {
    const { contents } = await withLazySchemas(`
      export const Inner = z.make('inner');
      export const Outer = z.make('outer', Inner);
      export const Other = z.make('other');
      export const version = '1';`);
    const made: string[] = [];
    const make = (name: string, part?: object): object => {
      made.push(name);
      return { name, part };
    };
    const evaluate = new Function('z', `${contents.replace(/export \{[^}]*\};?/, '')}; return $schemas;`);
    const schemas = evaluate({ make });
    expect(made).to.deep.equal([]);
    expect(schemas.Outer.part).to.equal(schemas.Inner);
    expect(schemas.Outer).to.equal(schemas.Outer);
    expect(made).to.have.members(['inner', 'outer']);
  });

  it('fail where the SDK declares no schema in the known way', async () => {
    const failure = await withLazySchemas('export function makeSchemas() {}').catch((error: Error) => error);
    expect(failure)
      .to.be.an('error')
      .with.property('message')
      .that.matches(/build\/lazy-schemas\.ts/);
  });

  it('give importers the holder in place of the schemas, and the rest as it is', async () => {
    const names = new Set(['ASchema']);
    const code = `import { ASchema, ErrorCode } from './types.js';\nexport const a = () => [ASchema, ErrorCode];`;
    const changed = await usingHolder(code, (source) => source === './types.js', names);
    expect(changed).to.match(/import \{ \$schemas, ErrorCode \} from/);
    expect(changed).to.include('$schemas.ASchema');
  });

  for (const clause of ['* as types', '{ ASchema as A }', 'types']) {
    it(`fail for an import that they do not know: ${clause}`, async () => {
      const code = `import ${clause} from './types.js';`;
      const failure = await usingHolder(code, () => true, new Set(['ASchema'])).catch(
        (error: Error) => error,
      );
      expect(failure)
        .to.be.an('error')
        .with.property('message')
        .that.matches(/build\/lazy-schemas\.ts/);
    });
  }
});
