import { expect } from 'chai';
import { linuxFolders } from '../../../src/shared/platform/linux.js';
import { macosFolders } from '../../../src/shared/platform/macos.js';
import { windowsFolders } from '../../../src/shared/platform/windows.js';

describe('the folders of applications', () => {
  it('follow the XDG Base Directory Specification on Linux', () => {
    const configuration = (XDG_CONFIG_HOME?: string): string =>
      linuxFolders('/home/ada', { XDG_CONFIG_HOME }).configuration;
    expect(configuration()).to.equal('/home/ada/.config');
    expect(configuration('/etc/ada')).to.equal('/etc/ada');
    expect(configuration('relative'), 'to be ignored').to.equal('/home/ada/.config');
    expect(configuration('')).to.equal('/home/ada/.config');
  });

  it('are in the library on macOS', () => {
    expect(macosFolders('/Users/ada')).to.deep.equal({
      configuration: '/Users/ada/Library/Application Support',
      caches: '/Users/ada/Library/Caches',
      claudeManaged: ['/Library/Application Support/ClaudeCode'],
    });
  });

  it('are where Windows says', () => {
    expect(windowsFolders('C:\\Users\\ada', {}).configuration).to.equal('C:\\Users\\ada\\AppData\\Roaming');
    expect(windowsFolders('C:\\Users\\ada', {}).caches).to.equal('C:\\Users\\ada\\AppData\\Local');
    const own = {
      APPDATA: 'D:\\Roaming',
      LOCALAPPDATA: 'D:\\Local',
      ProgramFiles: 'D:\\Programs',
      ProgramData: 'D:\\Data',
    };
    expect(windowsFolders('C:\\Users\\ada', own)).to.deep.equal({
      configuration: 'D:\\Roaming',
      caches: 'D:\\Local',
      claudeManaged: ['D:\\Programs\\ClaudeCode', 'D:\\Data\\ClaudeCode'],
    });
  });
});
