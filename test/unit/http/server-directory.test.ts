import { expect } from 'chai';
import {
  indexPage,
  type ServedServer,
  type ServerDirectory,
  unavailable,
} from '../../../src/transports/http/server-directory.js';

function broken(name: string, reason: string): ServedServer {
  return { name, sessions: undefined, unavailable: reason };
}

function directoryOf(...servers: ServedServer[]): ServerDirectory {
  return { only: undefined, get: () => undefined, all: () => servers };
}

describe('A server that is broken', () => {
  it('is answered with the reason, without the paths of the machine', () => {
    const { status, message } = unavailable(
      broken(
        'a',
        '"servers.a.package" in b.json is "c", which is not installed: run npm install c in /srv/me/tools',
      ),
    );
    expect(status).to.equal(503);
    expect(message).to.match(/run npm install c in \(a path\)\.$/);
  });

  it('is on the page as text, whatever its name and its reason', () => {
    const page = indexPage(directoryOf(broken('<img>', 'it has "<script>" in /srv/me/tools/a.mjs')), '');
    expect(page).to.include('&lt;img&gt;').and.include('&lt;script&gt;').and.include('(a path)');
    expect(page).not.to.include('<img>').and.not.to.include('<script>').and.not.to.include('/srv');
  });
});
