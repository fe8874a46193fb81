import { expect } from 'chai';
import { chooseServer, chooseSoundServer } from '../../../src/cli/choose-server.js';
import type { Catalogue } from '../../../src/servers/server-entry.js';
import { createOptionFolder, type OptionFolder, sentenceOf } from '../../support/option-folder.js';

describe('The server that a command is for', () => {
  let folder: OptionFolder;
  before(() => {
    folder = createOptionFolder();
  });
  after(() => folder.remove());

  const catalogueOf = (servers: object): Catalogue => folder.fromFile({ servers }).catalogue;
  const memory = { command: 'memory' };
  const wrong = { command: '' };

  it('is the only one, or the one that is named', () => {
    expect(chooseServer(catalogueOf({ memory }), undefined).name).to.equal('memory');
    expect(chooseServer(catalogueOf({ memory, files: memory }), 'files').name).to.equal('files');
  });

  it('has to be named where there are several', () => {
    expect(sentenceOf(() => chooseServer(catalogueOf({ memory, wrong }), undefined))).to.equal(
      'There are several servers: choose one with --server: memory, wrong.',
    );
  });

  it('is asked for by the name that was probably meant', () => {
    expect(sentenceOf(() => chooseServer(catalogueOf({ memory }), 'memroy'))).to.equal(
      'There is no server "memroy" (did you mean "memory"?): choose one with --server: memory.',
    );
  });

  it('is refused with what is wrong with its entry, where nothing else is served', () => {
    const catalogue = catalogueOf({ memory, wrong });
    expect(sentenceOf(() => chooseSoundServer(catalogue, 'wrong'))).to.match(/^"servers\.wrong\.command" /);
    expect(chooseServer(catalogue, 'wrong').name).to.equal('wrong');
  });
});
