import { expect } from 'chai';
import { readJsonArguments } from '../../../src/cli/arguments/json-arguments.js';
import { readTarget } from '../../../src/cli/client/target.js';
import { sentenceOf } from '../../support/option-folder.js';
import { projectRoot } from '../../support/project.js';

const target = (written: string) => readTarget(written, undefined, projectRoot);

describe('The server that a command names', () => {
  it('is an address or a file, from the current folder', () => {
    expect(target('http://127.0.0.1:3000/mcp')).to.deep.include({ kind: 'url' });
    const path = `${projectRoot}/examples/greeter.mjs`;
    expect(target('examples/greeter.mjs')).to.deep.equal({ kind: 'file', path });
  });

  it('that is a file which is missing is said to be one, with the folder', () => {
    for (const written of ['missing.mjs', 'src/missing.ts', '.mcp.jsonc'])
      expect(sentenceOf(() => target(written))).to.include(
        `<server> is ${JSON.stringify(written)}, a file that ${projectRoot} does not have, but must be `,
      );
    expect(sentenceOf(() => target('127.0.0.1:3000'))).to.include(
      '(did you mean "http://127.0.0.1:3000/mcp"?)',
    );
  });
});

describe('Arguments as JSON', () => {
  const refusal = (written: string) =>
    readJsonArguments(written, projectRoot).then(
      () => 'taken',
      ({ message }: Error) => message,
    );

  it('that are key=value are said to need --arg', async () => {
    expect(await refusal('name=Ada')).to.match(
      /^\[json\] is not JSON: .* A single argument is written --arg key=value\.$/,
    );
    expect(await refusal('{name: "Ada"}')).not.to.include('--arg');
  });
});
