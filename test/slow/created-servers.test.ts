/** Modules that make the server of a session themselves, with either SDK, with fastmcp, or with neither. */
import { expect } from 'chai';
import {
  created,
  describeCreatedServers,
  describeListsOfCreatedServers,
  describeSleepOfCreatedServers,
} from '../support/created-servers.js';
import { sessionOf, startCatalogue } from '../support/programs.js';
import { textOf } from '../support/raw-client.js';

/** Those that `integration/create-server.test.ts` leaves out. */
const KINDS = ['sdk1-low-level', 'sdk2-low-level', 'fast-mcp', 'own-object'] as const;

describe('a module that creates its server, in other ways', () => {
  describeCreatedServers(KINDS);
});

describe('a session whose module creates its server, in other ways', () => {
  describeSleepOfCreatedServers(['sdk1', ...KINDS]);
});

describe('the lists of a module that creates its server, in other ways', () => {
  describeListsOfCreatedServers(['sdk1', ...KINDS]);
});

describe('a module that creates its server, and is bundled', () => {
  it('is served as it is file by file', async () => {
    const gateway = await startCatalogue(
      {
        sdk1: created('sdk1', { isolation: 'thread' }),
        sdk2: created('sdk2', { isolation: 'thread' }),
        'sdk2-process': created('sdk2', { isolation: 'process' }),
        // It imports what is not there, so it is not bundled after all.
        'fast-mcp': created('fast-mcp'),
      },
      { bundle: true },
    );
    for (const name of ['sdk1', 'sdk2', 'sdk2-process', 'fast-mcp']) {
      const client = await sessionOf(gateway, name);
      expect(textOf(await client.call('count')), name).to.equal('1');
    }
  });
});
