/** What the transports over HTTP have in common. */
import type { IncomingMessage } from 'node:http';
import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js';
import type { Principal } from '../../auth/principal.js';
import type { Visitor } from '../../auth/visitor.js';
import type { OutboxSource } from '../../delivery/outbox.js';
import type { StreamTotals } from '../../delivery/stream-totals.js';
import type { OpeningContext, SessionManager } from '../../session/session-manager.js';
import type { Consumer } from '../../shared/consumer.js';
import type { SessionContext, SessionTransport } from '../../shared/session-context.js';
import { MAX_NAME_CHARS } from '../session-messages.js';
import type { AdmissionOptions } from './admission.js';
import type { MessageCollaborators } from './messages.js';
import type { OutputBudget } from './output-budget.js';
import { headerOf } from './reply.js';
import type { MetadataHook } from './session-metadata.js';

/** What a transport over HTTP uses; one object for all of its requests. */
export interface HttpTransportCollaborators extends MessageCollaborators, AdmissionOptions {
  readonly sessions: SessionManager;
  /** The way to the clients. */
  readonly streams: OutboxSource;
  /** Open streams of all servers. */
  readonly totals: StreamTotals;
  readonly output: OutputBudget;
  readonly keepAliveMs: number;
  /** The option `lenient-version-header`. */
  readonly lenientVersionHeader: boolean;
  /** What an embedding program adds to the session context, from the request that opens the session. */
  readonly metadata: MetadataHook;
}

/** Who opens a session, as far as the first request says; `initialize` adds the rest. */
export function contextOf(
  request: IncomingMessage,
  transport: SessionTransport,
  visitor: Visitor,
  metadata: Readonly<Record<string, unknown>>,
): OpeningContext {
  return {
    era: 'session',
    affinity: 'session',
    transport,
    client: { name: '', version: '' },
    protocolVersion: LATEST_PROTOCOL_VERSION,
    userAgent: headerOf(request, 'user-agent')?.slice(0, MAX_NAME_CHARS),
    remoteAddress: visitor.address,
    ...contextOfPrincipal(visitor.principal),
    metadata,
  };
}

/** Whose use of the gateway a visitor's is. */
export function consumerOf({ principal, address }: Visitor): Consumer {
  return { principal: principal.key, remoteAddress: address };
}

/** Whoever makes a request, in a session's context. */
export function contextOfPrincipal({
  key,
  identity,
}: Principal): Pick<SessionContext, 'principal' | 'identity'> {
  return { principal: key, identity };
}
