/** A program in threads is bundled while its first sessions load its files, and answers the same. */
import { expect } from 'chai';
import type { Gateway } from '../support/gateway.js';
import { inThread, sessionOf, startCatalogue } from '../support/programs.js';
import { type RawClient, textOf } from '../support/raw-client.js';

async function answerOf(client: RawClient, tool: string): Promise<unknown> {
  return JSON.parse(textOf(await client.call(tool)));
}

/** Opens sessions until one runs the bundle. */
async function bundledSession(gateway: Gateway): Promise<RawClient> {
  for (;;) {
    const client = await sessionOf(gateway, 'program');
    if (await answerOf(client, 'bundled')) return client;
    await client.delete();
  }
}

describe('the bundle of a program', () => {
  it('gives the same answers as its files', async () => {
    const entry = inThread('bundled/server.mjs');
    const ofFiles = await startCatalogue({ program: entry });
    const ofBundle = await startCatalogue({ program: entry }, { bundle: true });
    const client = await sessionOf(ofFiles, 'program');
    expect(await answerOf(client, 'bundled')).to.equal(false);
    const expected = await answerOf(client, 'found');
    expect(expected).to.include({ isMain: true, isStrict: true, asset: 'an asset' });
    expect(await answerOf(await bundledSession(ofBundle), 'found')).to.deep.equal(expected);
  });
});
