import { expect } from 'chai';
import { KnownHeaderParams } from '../../../src/servers/known-header-params.js';
import { hiddenByHandles } from '../../../src/shared/handle-tools.js';
import { type HeaderAnnotations, isHeaderAnnotations } from '../../../src/shared/header-params.js';
import type { Affinity } from '../../../src/shared/session-context.js';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { collect } from '../../support/events.js';

function world(affinity: Affinity = 'request') {
  const events = new GatewayEmitter();
  const notices = collect(events, 'notice');
  return { known: new KnownHeaderParams('maps', affinity, events), notices };
}

function annotated(tool: string, header = 'mcp-param-region'): HeaderAnnotations {
  return { valid: [{ tool, params: [{ header, path: ['region'], type: 'string' }] }], invalid: [] };
}

const NONE: HeaderAnnotations = { valid: [], invalid: [] };
const BAD: HeaderAnnotations = {
  valid: [],
  invalid: [{ tool: 'route', property: 'properties.speed', wrong: 'it is a number' }],
};

describe('What is known of the arguments that callers repeat in headers', () => {
  it('is nothing of a tool that nobody has listed', () => {
    expect(world().known.of('route')).to.deep.equal([]);
  });

  it('is what other sessions were given, until a worker of the stateless era lists the tool', () => {
    const { known } = world();
    known.presume(annotated('route'));
    expect(known.of('route')).to.have.length(1);
    known.learn(['route'], annotated('route', 'mcp-param-land'));
    known.presume(annotated('route'));
    expect(known.of('route').map(({ header }) => header)).to.deep.equal(['mcp-param-land']);
  });

  it('is nothing any more when the tool is listed without', () => {
    const { known } = world();
    known.learn(['route', 'find'], annotated('route'));
    known.learn(['find'], NONE);
    expect(known.of('route')).to.have.length(1);
    known.learn(['route', 'find'], NONE);
    expect(known.of('route')).to.deep.equal([]);
  });

  it('has to be asked for once, and again when the tools have changed', () => {
    const { known } = world();
    expect(known.known).to.equal(false);
    known.learn(['route'], NONE);
    expect(known.known).to.equal(true);
    known.learn(['route'], annotated('route'));
    known.changed();
    expect(known.known).to.equal(false);
    expect(known.of('route'), 'until then').to.have.length(1);
    known.asked();
    expect(known.known).to.equal(true);
  });

  it('is bounded, whatever names a server invents', () => {
    const { known } = world();
    for (let index = 0; index < 1_500; index += 1) known.learn([`tool-${index}`], annotated(`tool-${index}`));
    expect(known.of('tool-0')).to.deep.equal([]);
    expect(known.of('tool-500')).to.have.length(1);
    expect(known.of('tool-1499')).to.have.length(1);
  });

  it('warns of a tool that clients ignore, once, with its property and what is wrong', () => {
    const { known, notices } = world();
    known.presume(BAD);
    known.presume(BAD);
    known.learn(['route'], BAD);
    expect(notices).to.have.length(1);
    expect(notices[0]).to.deep.include({
      level: 'warn',
      fields: { server: 'maps', tool: 'route', property: 'inputSchema.properties.speed' },
    });
    expect(notices[0]?.message).to.include('"route"').and.include('it is a number');
  });

  it('says nothing of it where the server is served in the session era alone', () => {
    const { known, notices } = world('session');
    known.presume(BAD);
    expect(notices).to.deep.equal([]);
  });
});

describe('What the tools and the argument of handles hide of a server', () => {
  const HANDLES = { open: 'open_session', close: 'close_session', idleMs: 1_000 };
  const schema = (...names: string[]) => ({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  });

  it('is told in the log, with what to do', () => {
    const { known, notices } = world('handle');
    const tools = [
      { name: 'play', inputSchema: schema('session', 'track') },
      { name: 'stop', inputSchema: schema('track') },
      { name: 'open_session', inputSchema: schema() },
      { name: 'odd', inputSchema: true },
      7,
    ];
    const annotations = { valid: [], invalid: hiddenByHandles(tools, HANDLES) };
    expect(isHeaderAnnotations(annotations)).to.equal(true);
    known.presume(annotations);
    expect(notices.map(({ level, message }) => [level, message])).to.deep.equal([
      [
        'warn',
        'clients of protocol 2026-07-28 cannot set the argument "session" of the tool "play", because with affinity handle it names the session: rename it, or choose another affinity',
      ],
      [
        'warn',
        'clients of protocol 2026-07-28 do not see the tool "open_session", because with affinity handle the gateway has one of that name: rename it, or set openTool in the server\'s entry',
      ],
    ]);
  });

  it('is told of some, however many tools there are', () => {
    const tools = Array.from({ length: 1_000 }, (_, index) => ({
      name: `${index}`.padEnd(128, 'x'),
      inputSchema: schema('session'),
    }));
    const invalid = hiddenByHandles(tools, HANDLES);
    expect(invalid).to.have.length(20);
    expect(isHeaderAnnotations({ valid: [], invalid })).to.equal(true);
  });
});
