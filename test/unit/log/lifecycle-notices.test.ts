import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { type ResolvedOptions, resolveOptions } from '../../../src/config/options.js';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { noteStart } from '../../../src/telemetry/log/lifecycle-notices.js';
import { createOptionFolder, type OptionFolder } from '../../support/option-folder.js';

describe('The log line of a start', () => {
  let folder: OptionFolder;
  before(() => {
    folder = createOptionFolder();
  });
  after(() => folder.remove());

  /** What it says of the servers. */
  function served(options: ResolvedOptions): object {
    const events = new GatewayEmitter();
    let fields: Readonly<Record<string, unknown>> = {};
    events.on('notice', (notice) => {
      fields = notice.fields ?? {};
    });
    noteStart(events, options, { url: undefined, adminUrl: undefined });
    const { serverModule, servers } = fields;
    return { serverModule, servers };
  }

  const moduleUrl = () => pathToFileURL(join(folder.path, 'server.mjs')).href;

  it('has the address of a single module, or says that it is the built-in one', () => {
    const module = folder.fromFlags({ serverModule: 'server.mjs' });
    expect(served(module)).to.deep.equal({ serverModule: moduleUrl(), servers: undefined });
    expect(served(folder.fromFlags({}))).to.deep.equal({ serverModule: 'built-in', servers: undefined });
  });

  it('has the name of a single command, and none of its arguments, which may be secret', () => {
    const command = resolveOptions({ cwd: folder.path, command: ['npx', '-y', 'search', '--key', 'k'] });
    expect(served(command)).to.deep.equal({ serverModule: undefined, servers: ['search'] });
  });

  it('has the names of all servers of a file', () => {
    const file = folder.fromFile({ servers: { one: { module: 'server.mjs' }, two: { command: 'a' } } });
    expect(served(file)).to.deep.equal({ serverModule: undefined, servers: ['one', 'two'] });
  });
});
