import { expect } from 'chai';
import { commandLine } from '../../load/command-line.js';

describe('the command line in a load report', () => {
  it('can be run again, and shows no secret', () => {
    const shown = commandLine('http://user:hush@127.0.0.1:3000/mcp', {
      rate: '50',
      listen: true,
      header: ['X-Api-Key: hush', 'X-Tenant:hush:hush', '@headers.txt'],
      token: 'hush',
      'token-file': 'token.txt',
    });
    expect(shown).not.to.include('hush');
    expect(shown).to.include("--header 'X-Api-Key: ***' --header 'X-Tenant: ***' --header @headers.txt");
    expect(shown).to.include('--token *** --token-file token.txt');
    expect(shown).to.include('--rate 50 --listen');
  });
});
