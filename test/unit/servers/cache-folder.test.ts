import { expect } from 'chai';
import { cacheFolder } from '../../../src/servers/cache-folder.js';

describe('The folder of what the gateway can do without', () => {
  const HOME = '/home/user';
  for (const [what, platform, environment, folder] of [
    ['on Linux', 'linux', {}, '/home/user/.cache/mcp-bulkhead'],
    ['on macOS', 'darwin', {}, '/home/user/Library/Caches/mcp-bulkhead'],
    ['on Windows', 'win32', { LOCALAPPDATA: '/local' }, '/local/mcp-bulkhead'],
    ['where XDG_CACHE_HOME says', 'darwin', { XDG_CACHE_HOME: '/caches' }, '/caches/mcp-bulkhead'],
    [
      'not where a relative one says',
      'linux',
      { XDG_CACHE_HOME: 'caches' },
      '/home/user/.cache/mcp-bulkhead',
    ],
  ] as const) {
    it(`is where applications keep such things: ${what}`, () => {
      expect(cacheFolder(environment, platform, HOME)).to.equal(folder);
    });
  }
});
