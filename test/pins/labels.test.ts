/** Values of metric labels that are closed sets, because alerts compare with them. */
import { CODE_CACHES } from '../../src/shared/code-caches.js';
import { END_REASONS } from '../../src/telemetry/end-reason.js';
import {
  CANCEL_REASONS,
  CLAIM_KINDS,
  CONNECTION_DROP_REASONS,
  DESCRIPTOR_STATES,
  LEARNED_OUTCOMES,
  LISTENERS,
  PARKED_CALL_OUTCOMES,
  REJECTION_REASONS,
  RELOAD_RESULTS,
  SLEEP_REASONS,
  STREAM_KINDS,
  THREAD_EXIT_CAUSES,
  TRANSPORTS,
} from '../../src/telemetry/metrics/labels.js';
import { expectPinned } from './pinned.js';

const PINS: readonly [what: string, found: readonly string[], pinned: readonly string[]][] = [
  [
    'reasons why a request is refused',
    REJECTION_REASONS,
    [
      'host',
      'origin',
      'unauthorized',
      'forbidden',
      'authentication_failed',
      'not_found',
      'method_not_allowed',
      'not_acceptable',
      'unsupported_media_type',
      'body_too_large',
      'body_budget',
      'connection_limit',
      'request_timeout',
      'malformed_http',
      'expectation_failed',
      'parse_error',
      'invalid_request',
      'protocol_version',
      'version_header',
      'header_mismatch',
      'request_meta',
      'method_not_found',
      'discover',
      'session_required',
      'session_unknown',
      'session_limit',
      'principal_session_limit',
      'request_limit',
      'subscription_limit',
      'principal_subscription_limit',
      'parked_limit',
      'parked_call_lost',
      'request_state',
      'server_unavailable',
      'thread_wait',
      'principal_wait_limit',
      'draining',
      'internal_error',
    ],
  ],
  [
    'reasons why a session ends',
    END_REASONS,
    [
      'delete',
      'disconnect',
      'stream_closed',
      'idle',
      'unused',
      'evicted',
      'max_age',
      'abandoned',
      'no_thread',
      'no_secret',
      'request_over',
      'initialize_failed',
      'setup_failed',
      'server_closed',
      'thread_deaths',
      'admin',
      'drain',
    ],
  ],
  [
    'causes of the end of a thread',
    THREAD_EXIT_CAUSES,
    ['ended', 'slept', 'killed', 'crash', 'exit', 'out_of_memory', 'start_failed'],
  ],
  [
    'reasons why a request is cancelled',
    CANCEL_REASONS,
    ['client', 'disconnect', 'resume_expired', 'session_end'],
  ],
  [
    'outcomes of calls that waited for their clients',
    PARKED_CALL_OUTCOMES,
    ['resumed', 'abandoned', 'lost', 'drained'],
  ],
  ['reasons why a session falls asleep', SLEEP_REASONS, ['idle', 'pressure', 'reload']],
  [
    'reasons why a connection is dropped',
    CONNECTION_DROP_REASONS,
    ['limit', 'address_limit', 'evicted', 'stalled', 'output_budget', 'vanished', 'no_descriptor'],
  ],
  ['states of file descriptors', DESCRIPTOR_STATES, ['high', 'exhausted', 'eased']],
  ['results of reloads', RELOAD_RESULTS, ['reloaded', 'refused']],
  ['outcomes of learning lists', LEARNED_OUTCOMES, ['learned', 'same', 'replaced', 'own', 'dynamic']],
  ['ways to a thread', CLAIM_KINDS, ['warm', 'cold', 'queued']],
  ['kinds of stream', STREAM_KINDS, ['post', 'get', 'legacy', 'listen']],
  ['listeners', LISTENERS, ['mcp', 'admin']],
  ['transports', TRANSPORTS, ['streamable-http', 'sse', 'stdio']],
  ['code caches', CODE_CACHES, ['worker', 'module']],
];

describe('Closed sets of label values', () => {
  for (const [what, found, pinned] of PINS) {
    it(`are these: ${what}`, () => {
      expectPinned(`The ${what}`, found, pinned);
    });
  }
});
