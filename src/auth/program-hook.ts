/**
 * The way of an embedding program: its `authenticate` function. It runs on the main thread with data from a client, so
 * whatever it throws or returns affects only that request.
 */
import type { IncomingMessage } from 'node:http';
import { JSON_RPC } from '../protocol/json-rpc-error.js';
import { Deadline } from '../shared/deadline.js';
import { messageOf } from '../shared/errors.js';
import { isThenable } from '../shared/thenable.js';
import type {
  Authenticated,
  AuthenticationRejection,
  AuthenticationWay,
  ProtectedEndpoint,
} from './authentication.js';
import { type Authentication, type Refusal, readAuthentication } from './given-principal.js';

/** Who makes the request, or why it is refused; a promise if that takes a moment. */
export type Authenticate = (request: IncomingMessage) => Authentication | Promise<Authentication>;

/** Longer than most services take to answer, and shorter than clients wait. */
const DEADLINE_MS = 10_000;

export class ProgramHook implements AuthenticationWay {
  readonly #hook: Authenticate;
  readonly #deadlineMs: number;

  constructor(hook: Authenticate, deadlineMs = DEADLINE_MS) {
    this.#hook = hook;
    this.#deadlineMs = deadlineMs;
  }

  authenticate(
    request: IncomingMessage,
    endpoint: ProtectedEndpoint,
  ): Authenticated | undefined | Promise<Authenticated | undefined> {
    let given: Authentication | Promise<Authentication>;
    let isPending: boolean;
    try {
      given = this.#hook(request);
      // What it returns may have a `then` that throws.
      isPending = isThenable(given);
    } catch (error) {
      return failed(error);
    }
    return isPending ? this.#within(given, endpoint) : read(given, endpoint);
  }

  #within(
    given: Authentication | Promise<Authentication>,
    endpoint: ProtectedEndpoint,
  ): Promise<Authenticated | undefined> {
    return new Promise((resolve) => {
      const deadline = new Deadline(this.#deadlineMs, () => resolve(late(this.#deadlineMs))).unref();
      Promise.resolve(given).then(
        (found) => {
          deadline.clear();
          resolve(read(found, endpoint));
        },
        (error: unknown) => {
          deadline.clear();
          resolve(failed(error));
        },
      );
    });
  }
}

function read(given: unknown, endpoint: ProtectedEndpoint): Authenticated | undefined {
  try {
    const found = readAuthentication(given);
    return found !== undefined && 'status' in found ? rejectionOf(found, endpoint) : found;
  } catch (error) {
    return { ...FAILED, detail: messageOf(error) };
  }
}

function rejectionOf(
  { status, message, wwwAuthenticate }: Refusal,
  endpoint: ProtectedEndpoint,
): AuthenticationRejection {
  const challenge = wwwAuthenticate ?? (status === 401 ? endpoint.challenge() : undefined);
  return {
    status,
    reason: status === 401 ? 'unauthorized' : 'forbidden',
    message,
    ...(challenge !== undefined && { headers: { 'www-authenticate': challenge } }),
  };
}

const FAILED: AuthenticationRejection = {
  status: 500,
  reason: 'authentication_failed',
  code: JSON_RPC.internalError,
  message: 'Internal error: the server could not find out who asks. Its log says why.',
};

function failed(error: unknown): AuthenticationRejection {
  const stack = error instanceof Error ? error.stack : undefined;
  return { ...FAILED, detail: `createGateway's authenticate function failed: ${stack ?? messageOf(error)}` };
}

function late(deadlineMs: number): AuthenticationRejection {
  return {
    status: 503,
    reason: 'authentication_failed',
    message: 'The server could not find out in time who asks. Try again later.',
    detail: `createGateway's authenticate function took longer than ${deadlineMs / 1000} s`,
  };
}
