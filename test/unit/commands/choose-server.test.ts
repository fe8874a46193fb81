import { expect } from 'chai';
import { chooseServer, forOneSession } from '../../../src/cli/choose-server.js';
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
    const options = folder.fromFile({ servers: { memory, wrong } });
    expect(sentenceOf(() => forOneSession(options, 'wrong'))).to.match(/^"servers\.wrong\.command" /);
    expect(chooseServer(options.catalogue, 'wrong').name).to.equal('wrong');
  });

  it('is the only one of a gateway for one session, and bundled only if that session starts from its bundle', () => {
    const options = folder.fromFile({
      servers: { memory, builtin: { module: 'builtin:environment' }, wrong },
    });
    const program = forOneSession(options, 'memory');
    expect(program.catalogue.servers.map(({ name }) => name)).to.deep.equal(['memory']);
    expect(program.catalogue).to.deep.include({ broken: [], single: true });
    expect(program.bundle).to.equal(false);
    expect(forOneSession(options, 'builtin').bundle).to.equal(true);
    expect(forOneSession({ ...options, bundle: false }, 'builtin').bundle).to.equal(false);
  });
});
