import { expect } from 'chai';
import { ProtectedResources } from '../../../src/auth/oauth/protected-resources.js';

const ISSUER = 'https://idp.example';
const METADATA = '/.well-known/oauth-protected-resource';

function resourcesOf(
  names: readonly string[],
  more: { publicUrl?: string; issuers?: string[]; scopes?: string[] } = {},
) {
  const { publicUrl = 'https://mcp.example', issuers = [ISSUER], scopes = [] } = more;
  const servers = () => names.map((name) => ({ name }));
  return new ProtectedResources({ publicUrl: new URL(publicUrl), issuers, scopes, servers });
}

function resourceAt(resources: ProtectedResources, path: string): unknown {
  const text = resources.metadata(path);
  return text === undefined ? undefined : JSON.parse(text).resource;
}

describe('A protected resource', () => {
  it('is each endpoint of each server, at its own well-known path', () => {
    const resources = resourcesOf(['notes', 'files']);
    for (const path of ['/notes/mcp', '/files/mcp', '/notes/sse'])
      expect(resourceAt(resources, METADATA + path)).to.equal(`https://mcp.example${path}`);
    for (const path of ['/mcp', '/other/mcp', '/notes', '/notes/mcp/', '/notes/messages', 'x'])
      expect(resourceAt(resources, METADATA + path), path).to.equal(undefined);
  });

  it('is described at the root where there is just one server', () => {
    const resources = resourcesOf(['notes']);
    for (const [path, resource] of [
      ['', '/mcp'],
      ['/mcp', '/mcp'],
      ['/notes/mcp', '/notes/mcp'],
    ] as const)
      expect(resourceAt(resources, METADATA + path)).to.equal(`https://mcp.example${resource}`);
    expect(resourceAt(resourcesOf(['notes', 'files']), METADATA)).to.equal(undefined);
  });

  it('has the path of public-url, with or without which it may be asked for', () => {
    const resources = resourcesOf(['notes'], { publicUrl: 'https://example.com/tools/' });
    for (const path of ['', '/mcp', '/tools/mcp'])
      expect(resourceAt(resources, METADATA + path), path).to.equal('https://example.com/tools/mcp');
    expect(resources.endpoint('/mcp', 'notes').challenge()).to.equal(
      `Bearer realm="mcp-bulkhead", resource_metadata="https://example.com${METADATA}/tools/mcp"`,
    );
  });

  it('is public-url itself where a program has mounted the only endpoint there', () => {
    const resources = resourcesOf(['notes'], { publicUrl: 'https://example.com/tools' });
    const endpoint = resources.endpoint('', 'notes');
    expect(endpoint.audiences[0]).to.equal('https://example.com/tools');
    expect(endpoint.challenge()).to.include(`resource_metadata="https://example.com${METADATA}/tools"`);
    expect(resourceAt(resources, `${METADATA}/tools`)).to.equal('https://example.com/tools');
  });

  it('is what a token must be for: any endpoint of the server, the one that is asked first', () => {
    const { audiences } = resourcesOf(['notes', 'files']).endpoint('/notes/messages', 'notes');
    expect(audiences).to.deep.equal(['https://mcp.example/notes/sse', 'https://mcp.example/notes/mcp']);
    const [first, ...others] = resourcesOf(['notes']).endpoint('/notes/mcp', 'notes').audiences;
    expect(first).to.equal('https://mcp.example/notes/mcp');
    expect(others).to.include.members([
      'https://mcp.example/mcp',
      'https://mcp.example/sse',
      'https://mcp.example',
    ]);
  });

  it('is not described without an authorization server', () => {
    const resources = resourcesOf(['notes'], { issuers: [] });
    expect(resources.metadata(METADATA)).to.equal(undefined);
    expect(resources.endpoint('/mcp', 'notes').challenge()).to.equal('Bearer realm="mcp-bulkhead"');
  });

  it('challenges with the scopes that are needed, and in characters that a header may have', () => {
    const endpoint = resourcesOf(['notes'], { scopes: ['read'] }).endpoint('/mcp', 'notes');
    const metadata = `Bearer realm="mcp-bulkhead", resource_metadata="https://mcp.example${METADATA}/mcp"`;
    expect(endpoint.challenge()).to.equal(`${metadata}, scope="read"`);
    expect(endpoint.challenge('insufficient_scope', 'say "please"\n\\é', ['read', 'write'])).to.equal(
      `${metadata}, scope="read write", error="insufficient_scope", error_description="say 'please'???"`,
    );
  });

  it('has the address of the listener until public-url says another', () => {
    const servers = () => [{ name: 'notes' }];
    const resources = new ProtectedResources({
      publicUrl: undefined,
      issuers: [ISSUER],
      scopes: [],
      servers,
    });
    resources.endpoint('/mcp', 'notes');
    resources.locate(new URL('http://127.0.0.1:3000/mcp'));
    expect(resources.endpoint('/mcp', 'notes').audiences[0]).to.equal('http://127.0.0.1:3000/mcp');
    expect(resourceAt(resources, METADATA)).to.equal('http://127.0.0.1:3000/mcp');
  });
});
