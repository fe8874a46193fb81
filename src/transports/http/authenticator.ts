/**
 * Finds out who makes a request: by the static token, or by the `authenticate` function of an embedding program. The
 * function runs on the main thread with data from a client, so whatever it throws or returns affects only that request.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Guard } from '../../auth/guards.js';
import {
  ANONYMOUS,
  type Authentication,
  type Principal,
  type Refusal,
  readAuthentication,
  TOKEN_HOLDER,
} from '../../auth/principal.js';
import { JSON_RPC } from '../../protocol/json-rpc-error.js';
import { Deadline } from '../../shared/deadline.js';
import { messageOf } from '../../shared/errors.js';
import { isThenable } from '../../shared/thenable.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import { answering, type HttpRejection } from './reply.js';

/** Who makes the request, or why it is refused; a promise if that takes a moment. */
export type Authenticate = (request: IncomingMessage) => Authentication | Promise<Authentication>;

/** Longer than most services take to answer, and shorter than clients wait. */
const DEADLINE_MS = 10_000;
const REALM = 'Bearer realm="mcp-bulkhead"';
const USUAL: Refusal = {
  status: 401,
  message: 'This server needs to know who asks, and the request does not say it: sign in again.',
};

export interface Authenticator {
  /** Calls back once, before it returns if that is possible, and not at all if the client disconnects meanwhile. */
  authenticate(
    request: IncomingMessage,
    response: ServerResponse,
    done: (found: Principal | HttpRejection) => void,
  ): void;
}

/** By the static token, if there is one. */
export function tokenAuthenticator(guard: Guard): Authenticator {
  return {
    authenticate({ headers }, _response, done) {
      const found = guard.token(headers);
      if (typeof found !== 'string') return done(found);
      done(found === 'token' ? TOKEN_HOLDER : ANONYMOUS);
    },
  };
}

export interface HookAuthenticatorOptions {
  readonly hook: Authenticate;
  readonly events: GatewayEmitter;
  readonly deadlineMs?: number;
}

/** By a function of the embedding program. */
export function hookAuthenticator(options: HookAuthenticatorOptions): Authenticator {
  const { hook, events, deadlineMs = DEADLINE_MS } = options;
  return {
    authenticate(request, response, done) {
      let given: Authentication | Promise<Authentication>;
      let isPending: boolean;
      try {
        given = hook(request);
        // What it returns may have a `then` that throws.
        isPending = isThenable(given);
      } catch (error) {
        return done(failed(error));
      }
      if (!isPending) return done(read(given));
      let over = false;
      const finish = (found?: Principal | HttpRejection): void => {
        if (over) return;
        over = true;
        deadline.clear();
        response.off('close', onGone);
        if (found !== undefined) answering(events, request, response, () => done(found));
      };
      const onGone = (): void => finish();
      const deadline = new Deadline(deadlineMs, () => finish(late(deadlineMs)));
      response.on('close', onGone);
      Promise.resolve(given).then(
        (found) => finish(read(found)),
        (error: unknown) => finish(failed(error)),
      );
    },
  };
}

function read(given: unknown): Principal | HttpRejection {
  try {
    const found = readAuthentication(given) ?? USUAL;
    return 'status' in found ? rejectionOf(found) : found;
  } catch (error) {
    return { ...FAILED, detail: messageOf(error) };
  }
}

function rejectionOf({ status, message, wwwAuthenticate }: Refusal): HttpRejection {
  const challenge = wwwAuthenticate ?? (status === 401 ? REALM : undefined);
  return {
    status,
    reason: status === 401 ? 'unauthorized' : 'forbidden',
    message,
    ...(challenge !== undefined && { headers: { 'www-authenticate': challenge } }),
  };
}

const FAILED: HttpRejection = {
  status: 500,
  reason: 'authentication_failed',
  code: JSON_RPC.internalError,
  message: 'Internal error: the server could not find out who asks. Its log says why.',
};

function failed(error: unknown): HttpRejection {
  const stack = error instanceof Error ? error.stack : undefined;
  return { ...FAILED, detail: `createGateway's authenticate function failed: ${stack ?? messageOf(error)}` };
}

function late(deadlineMs: number): HttpRejection {
  return {
    status: 503,
    reason: 'authentication_failed',
    message: 'The server could not find out in time who asks. Try again later.',
    detail: `createGateway's authenticate function took longer than ${deadlineMs / 1000} s`,
  };
}
