import { expect } from 'chai';
import { OPTION_NAMES, OPTION_TABLE, variableName } from '../../src/config/option-table.js';
import { environmentFor, environmentForModule } from '../../src/servers/server-environment.js';
import { SECRET_VARIABLES } from '../../src/shared/own-variables.js';

describe("The environment of a server's process", () => {
  const gateway = {
    PATH: '/bin',
    HOME: '/home/a',
    LANG: 'C.UTF-8',
    LC_ALL: 'C',
    TMPDIR: '/tmp',
    USER: 'a',
    LOGNAME: 'a',
    SHELL: '/bin/sh',
    TERM: 'dumb',
    AWS_SECRET_ACCESS_KEY: 'hush',
    NODE_OPTIONS: '--inspect',
    UNSET: undefined,
    BULKHEAD_TOKEN: 'mine',
    BULKHEAD_PORT: '1',
  };
  const minimal = {
    PATH: '/bin',
    HOME: '/home/a',
    LANG: 'C.UTF-8',
    LC_ALL: 'C',
    TMPDIR: '/tmp',
    USER: 'a',
    LOGNAME: 'a',
    SHELL: '/bin/sh',
    TERM: 'dumb',
  };

  it('is minimal', () => {
    expect(environmentFor({ env: {}, inheritEnv: [] }, gateway, 'linux')).to.deep.equal(minimal);
  });

  it('has what the entry says, over what is inherited', () => {
    const env = { KEY: 'k', PATH: '/opt/bin' };
    expect(environmentFor({ env, inheritEnv: [] }, gateway, 'linux')).to.deep.equal({
      ...minimal,
      KEY: 'k',
      PATH: '/opt/bin',
    });
  });

  it('inherits the variables of a list besides', () => {
    const inheritEnv = ['AWS_SECRET_ACCESS_KEY', 'NOT_SET'];
    expect(environmentFor({ env: {}, inheritEnv }, gateway, 'linux')).to.deep.equal({
      ...minimal,
      AWS_SECRET_ACCESS_KEY: 'hush',
    });
  });

  it('leaves out what depends on the principal, whatever its case on Windows', () => {
    const personal = { HOME: [{ secret: 'HOME' }] };
    const { HOME: _, ...others } = minimal;
    expect(environmentFor({ env: {}, personal, inheritEnv: [] }, gateway, 'linux')).to.deep.equal(others);
    const both = environmentFor({ env: {}, personal, inheritEnv: ['Home'] }, { Home: 'C:' }, 'win32');
    expect(both).to.deep.equal({});
  });

  it("inherits all, but never the gateway's own", () => {
    expect(environmentFor({ env: {}, inheritEnv: true }, gateway, 'linux')).to.deep.equal({
      ...minimal,
      AWS_SECRET_ACCESS_KEY: 'hush',
      NODE_OPTIONS: '--inspect',
    });
    const inheritEnv = ['BULKHEAD_TOKEN'];
    expect(environmentFor({ env: {}, inheritEnv }, gateway, 'linux')).to.deep.equal(minimal);
  });

  it('of a module lacks every option that is a secret', () => {
    const secrets = OPTION_NAMES.filter((name) => OPTION_TABLE[name].secret === true).map(variableName);
    expect([...SECRET_VARIABLES].sort()).to.deep.equal(secrets.sort());
    const given = Object.fromEntries(secrets.map((name) => [name, 'secret']));
    expect(environmentForModule({ env: {} }, { ...given, HOME: '/home' })).to.deep.equal({ HOME: '/home' });
  });

  it('of a module is all of it except the token, and what the entry says', () => {
    const { BULKHEAD_TOKEN: _token, ...others } = gateway;
    const environment = environmentForModule({ env: { KEY: 'k', TERM: 'xterm' } }, gateway);
    expect(environment).to.deep.equal({ ...others, KEY: 'k', TERM: 'xterm' });
  });

  it('has the names as they are, whatever Object.prototype has', () => {
    const env = JSON.parse('{"__proto__": "a", "constructor": "b"}') as Record<string, string>;
    const environment = environmentFor({ env, inheritEnv: [] }, {}, 'linux');
    expect(Object.entries(environment)).to.deep.equal([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });

  it('tells upper from lower case, except on Windows', () => {
    const windows = { Path: 'C:\\', SystemRoot: 'C:\\Windows', Secret: 's', bulkhead_token: 'mine' };
    expect(environmentFor({ env: {}, inheritEnv: ['SECRET'] }, windows, 'win32')).to.deep.equal({
      Path: 'C:\\',
      SystemRoot: 'C:\\Windows',
      Secret: 's',
    });
    expect(environmentFor({ env: { PATH: 'D:\\' }, inheritEnv: true }, windows, 'win32')).to.deep.equal({
      PATH: 'D:\\',
      SystemRoot: 'C:\\Windows',
      Secret: 's',
    });
    expect(environmentFor({ env: {}, inheritEnv: ['SECRET'] }, windows, 'linux')).to.deep.equal({});
  });
});
