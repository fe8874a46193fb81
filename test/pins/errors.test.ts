/** Errors, as embedding programs and clients distinguish them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../../src/cli/failure.js';
import { type ErrorReason, JSON_RPC, statelessStatus } from '../../src/protocol/json-rpc-error.js';
import type { BulkheadErrorCode } from '../../src/shared/errors.js';
import { STATELESS_CODE } from '../../src/shared/stateless-protocol.js';
import { REJECTION_REASONS } from '../../src/telemetry/metrics/labels.js';
import { projectRoot } from '../support/project.js';
import { expectPinned, inSources } from './pinned.js';

/** The compiler requires each member of the union, and refuses others. */
const ERROR_CODES = {
  ERR_BULKHEAD_DRAINING: true,
  ERR_BULKHEAD_LISTEN: true,
  ERR_BULKHEAD_OPTION: true,
  ERR_BULKHEAD_QUOTA: true,
  ERR_BULKHEAD_SECRET: true,
  ERR_BULKHEAD_SERVER_MODULE: true,
  ERR_BULKHEAD_SPAWN: true,
  ERR_BULKHEAD_STATE: true,
  ERR_BULKHEAD_THREAD_START: true,
  ERR_BULKHEAD_THREAD_WAIT: true,
} satisfies Record<BulkheadErrorCode, true>;

const ERROR_REASONS = {
  cancelled: true,
  draining: true,
  duplicate_id: true,
  no_secret: true,
  no_thread: true,
  parked_limit: true,
  quota_exceeded: true,
  request_limit: true,
  server_closed: true,
  setup_failed: true,
  stream_lost: true,
  thread_crash: true,
  thread_ended: true,
  thread_exit: true,
  thread_killed: true,
  thread_out_of_memory: true,
  thread_slept: true,
  thread_start_failed: true,
  thread_wait: true,
} satisfies Record<ErrorReason, true>;

/** A thread that ends or sleeps has no request in flight: these come only from the union of causes. */
const NEVER_SEEN = ['thread_ended', 'thread_slept'];

/** Status, reason, and code where it is not -32000. Those of Node's parser and of the session manager are in docs/architecture.md. */
const REJECTIONS = [
  '200 invalid_request invalidRequest',
  '400 discover methodNotFound',
  '400 invalid_request',
  '400 invalid_request invalidRequest',
  '400 malformed_http',
  '400 parse_error parseError',
  '400 protocol_version',
  '400 session_required',
  '401 unauthorized',
  '403 host',
  '403 insufficient_scope',
  '403 server_not_allowed',
  '403 origin',
  '404 not_found',
  '404 session_unknown sessionNotFound',
  '405 method_not_allowed',
  '406 not_acceptable',
  '413 body_too_large',
  '415 unsupported_media_type',
  '500 authentication_failed internalError',
  '500 internal_error internalError',
  '503 authentication_failed',
  '503 body_budget',
  '503 connection_limit',
  '503 draining',
  '503 server_unavailable',
  '503 thread_wait',
  '505 malformed_http',
];

describe('Codes of errors', () => {
  it('are these, and each is thrown', () => {
    const thrown = inSources(['src', 'workers'], /(?<!\| )'(ERR_BULKHEAD_[A-Z_]+)'/g);
    expectPinned('Codes of errors', thrown, Object.keys(ERROR_CODES));
  });

  it('of JSON-RPC are these', () => {
    expect(JSON_RPC).to.deep.equal({
      parseError: -32700,
      invalidRequest: -32600,
      methodNotFound: -32601,
      invalidParams: -32602,
      internalError: -32603,
      serverError: -32000,
      sessionNotFound: -32001,
    });
  });

  it('of the stateless era are these beside them', () => {
    expect(STATELESS_CODE).to.deep.equal({
      headerMismatch: -32020,
      missingCapability: -32021,
      unsupportedVersion: -32022,
      gateway: -31000,
    });
  });

  it('of the stateless era have these statuses; every other has 200 (R2.9)', () => {
    for (const code of [-32700, -32600, -32020, -32021, -32022])
      expect(statelessStatus(String(code)), String(code)).to.equal(400);
    expect(statelessStatus('-32601')).to.equal(404);
    for (const failure of [undefined, 'tool_error', 'cancelled', '-32602', '-32603', '-31000', '-32002', '7'])
      expect(statelessStatus(failure), failure).to.equal(200);
  });

  it('of exits of the command are these; a signal is 128 and its number', () => {
    expect({ EXIT_OK, EXIT_FAILED, EXIT_USAGE }).to.deep.equal({ EXIT_OK: 0, EXIT_FAILED: 1, EXIT_USAGE: 2 });
  });
});

describe('Reasons in the data of JSON-RPC errors', () => {
  it('are documented', () => {
    const text = readFileSync(join(projectRoot, 'docs', 'architecture.md'), 'utf8');
    const reasons = [...Object.keys(ERROR_REASONS), ...REJECTION_REASONS];
    expect(reasons.filter((reason) => !text.includes(`\`${reason}\``))).to.deep.equal(NEVER_SEEN);
  });

  it('come with these statuses and codes where a request is rejected', () => {
    const found = inSources(
      ['src/transports', 'src/auth', 'src/admin'],
      /status: (\d{3}),\s*reason: '(\w+)',(?:\s*code: JSON_RPC\.(\w+))?/g,
    );
    expectPinned('Reasons, statuses and codes of rejected requests', found, REJECTIONS);
  });
});
