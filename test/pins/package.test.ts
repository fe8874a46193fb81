/** What other programs import, run and read from this package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import * as api from '../../src/index.js';
import * as testing from '../../src/testing/index.js';
import { projectRoot } from '../support/project.js';
import { expectPinned, inSources } from './pinned.js';

const TYPES = [
  'Authentication',
  'EmbeddedGateway',
  'GatewayLogger',
  'GivenPrincipal',
  'Identity',
  'ProgramOptions',
  'PrincipalKind',
  'Refusal',
  'BulkheadErrorCode',
  'ConnectableServer',
  'ConnectedSession',
  'EndReason',
  'Gateway',
  'GatewayEmitter',
  'GatewayEvents',
  'GatewayOptions',
  'GatewaySnapshot',
  'MultiClientMetrics',
  'ReloadOptions',
  'RequestSnapshot',
  'ServerDefinition',
  'ServerMessage',
  'ServerOptions',
  'ServerSnapshot',
  'ServerTransport',
  'Session',
  'SessionAwareRequest',
  'SessionChildProcess',
  'SessionContext',
  'SessionLog',
  'SessionSnapshot',
  'SessionSpawnOptions',
  'SessionState',
  'SessionTransport',
  'ThreadSnapshot',
  'TypedSessionState',
  'UntypedState',
];

const HEADERS = [
  'accept-encoding',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  'access-control-allow-private-network',
  'access-control-expose-headers',
  'access-control-max-age',
  'allow',
  'cache-control',
  'connection',
  'content-length',
  'content-security-policy',
  'content-type',
  'mcp-session-id',
  'retry-after',
  'vary',
  'www-authenticate',
  'x-accel-buffering',
  'x-content-type-options',
];

const TESTING_TYPES = [
  'CallEnd',
  'CallOptions',
  'ElicitationHandler',
  'ElicitationRequest',
  'Host',
  'HostOptions',
  'LogLine',
  'Progress',
  'RootsHandler',
  'RunningCall',
  'SamplingHandler',
  'SessionOptions',
  'TestSession',
  'ToolResult',
  'WaitOptions',
];

function typesOf(file: string): string[] {
  const text = readFileSync(join(projectRoot, file), 'utf8');
  const types = [...text.matchAll(/^export type \{([^}]*)\}|\btype (\w+)(?= \} from|,$)/gm)].flatMap(
    ([, list, single = '']) => list?.split(',') ?? [single],
  );
  return types.map((name) => name.trim()).filter((name) => name !== '');
}

describe('The package', () => {
  it('exports these values', () => {
    const pinned = ['BulkheadError', 'createGateway', 'defineServer', 'getMultiClientMetrics'];
    expectPinned('Exports of the package', Object.keys(api), pinned);
  });

  it('exports these types', () => {
    expectPinned('Exported types of the package', typesOf('src/index.ts'), TYPES);
  });

  it('exports these values and types for tests', () => {
    const values = ['ProtocolError', 'ToolError', 'startHost'];
    expectPinned('Exports of mcp-bulkhead/testing', Object.keys(testing), values);
    expectPinned('Exported types of mcp-bulkhead/testing', typesOf('src/testing/index.ts'), TESTING_TYPES);
  });

  it('has these entry points, one command, and a Node that it needs', () => {
    const { exports, bin, engines } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
    expect(Object.keys(exports)).to.deep.equal(['.', './testing', './package.json']);
    expect(Object.keys(bin)).to.deep.equal(['bulkhead']);
    expect(engines).to.deep.equal({ node: '>=20.19' });
  });
});

describe('The gateway', () => {
  it('sends these headers', () => {
    const inHeaders = inSources(
      ['src/transports', 'src/auth', 'src/admin'],
      /setHeader\(\s*'([a-z-]+)'|(?<!case )'([a-z]+(?:-[a-z]+)+)':|\b(allow|connection): '/g,
    );
    expectPinned('Headers that the gateway sends', inHeaders, HEADERS);
  });
});
