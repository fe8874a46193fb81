/**
 * The audit log: who asked what of which server, and what became of it. One line of JSON for each request, written before its
 * answer leaves. It is no part of the log, and no level turns it off. `ping` is left out, because it asks nothing.
 *
 * With `audit-required`, a line is also written before a request is served, so that nothing is done of which there is no record.
 */
import { performance } from 'node:perf_hooks';
import { messageOf } from '../../shared/errors.js';
import { globMatcher, type Matcher } from '../../shared/glob.js';
import type { RequestEnd, RequestTrace } from '../../shared/request-trace.js';
import type { Era, Identity } from '../../shared/session-context.js';
import { AdmissionWindow } from '../admission-window.js';
import type { GatewayEmitter } from '../events.js';
import { AuditFile } from './audit-file.js';
import { Redaction } from './redaction.js';

const FAILURE_WINDOW_MS = 60_000;
const UNSEEN = 'ping';
/** More than any session id has; what a client gives as one may be longer. */
const MAX_SESSION_CHARS = 100;

export interface AuditOptions {
  /** `stderr`, or a path. */
  readonly auditLog: string;
  readonly auditRequired: boolean;
  /** Globs of `server/tool`. */
  readonly auditArguments: readonly string[] | undefined;
  readonly auditRedact: readonly string[] | undefined;
}

/** What is known of a request before it is served. */
export interface AuditedRequest {
  readonly identity: Identity;
  readonly address: string | undefined;
  readonly server: string;
  readonly era: Era;
  readonly sessionId: string | undefined;
  /** What names the session in the stateless era. */
  readonly handle: string | undefined;
  readonly method: string;
  readonly tool: string | undefined;
  readonly body: string;
}

/** What is known of a request before it is read. */
export interface UnreadRequest {
  /** `undefined`: nobody knows who asks. */
  readonly identity: Identity | undefined;
  readonly address: string | undefined;
  /** `undefined`: there is none at its path. */
  readonly server: string | undefined;
  /** As the client gave it. */
  readonly sessionId: string | undefined;
}

export interface AuditedRefusal {
  readonly reason: string;
  readonly rule?: number | undefined;
}

/** A line of which only one part depends on what becomes of the request. */
type Facts = Readonly<Record<string, unknown>>;

export class AuditLog {
  readonly #file: AuditFile;
  readonly #events: GatewayEmitter;
  readonly #isRequired: boolean;
  readonly #showsArguments: Matcher;
  readonly #redaction: Redaction;
  readonly #notices = new AdmissionWindow(1, FAILURE_WINDOW_MS);

  /** @throws {Error} if the file cannot be opened */
  constructor(
    { auditLog, auditRequired, auditArguments = [], auditRedact = [] }: AuditOptions,
    events: GatewayEmitter,
  ) {
    this.#file = new AuditFile(auditLog);
    this.#events = events;
    this.#isRequired = auditRequired;
    this.#showsArguments = globMatcher(auditArguments);
    this.#redaction = new Redaction(auditRedact);
  }

  /**
   * A request is going to be served.
   * @param dryRun what the rules would have refused
   * @returns who has to be told of its end; `undefined`: nobody. `failed`: it must not be served
   */
  begin(request: AuditedRequest, dryRun: AuditedRefusal | undefined): RequestTrace | 'failed' | undefined {
    if (request.method === UNSEEN) return undefined;
    const facts = {
      ...this.#factsOf(request),
      decision: 'allowed',
      ...(dryRun !== undefined && { wouldRefuse: dryRun.reason, rule: dryRun.rule }),
    };
    if (this.#isRequired && !this.#write({ ...facts, outcome: 'begun' })) return 'failed';
    return new AuditTrace(facts, (line) => this.#write(line));
  }

  refused(request: AuditedRequest, { reason, rule }: AuditedRefusal): void {
    if (request.method !== UNSEEN)
      this.#write({ ...this.#factsOf(request), decision: 'refused', reason, rule });
  }

  /** A request is refused before it is read. */
  refusedUnread(
    { identity, address, server, sessionId }: UnreadRequest,
    { reason, rule }: AuditedRefusal,
  ): void {
    const principal = identity && principalIn(identity);
    const session = sessionId?.slice(0, MAX_SESSION_CHARS);
    this.#write({ principal, address, server, session, decision: 'refused', reason, rule });
  }

  /** Goes on in a new file, if the file was renamed. */
  reopen(): void {
    try {
      this.#file.reopen();
    } catch (error) {
      const message = `the audit log cannot be opened again, so it goes on in the file that is open: ${messageOf(error)}`;
      this.#events.emit('notice', { level: 'error', message });
    }
  }

  close(): void {
    this.#file.close();
  }

  #factsOf({ identity, address, server, era, sessionId, handle, method, tool, body }: AuditedRequest): Facts {
    const shows = tool !== undefined && this.#showsArguments(`${server}/${tool}`);
    return {
      principal: principalIn(identity),
      address,
      server,
      era,
      session: sessionId,
      handle,
      method,
      tool,
      bytesIn: Buffer.byteLength(body),
      ...(shows && { arguments: this.#redaction.arguments(body) }),
    };
  }

  /** Members that are `undefined` are left out. */
  #write(facts: Facts): boolean {
    const line = JSON.stringify({ time: new Date().toISOString(), ...facts });
    try {
      this.#file.write(line.replace(/[\x7f-\x9f\u2028\u2029]/g, escaped));
      return true;
    } catch (error) {
      this.#failed(messageOf(error));
      return false;
    }
  }

  #failed(message: string): void {
    this.#events.emit('audit-write-failed', { message });
    const suppressed = this.#notices.admit();
    if (suppressed === undefined) return;
    const consequence = this.#isRequired ? 'requests are refused' : 'requests are served without a record';
    this.#events.emit('notice', {
      level: 'error',
      message: `the audit log cannot be written, and ${consequence}: ${message}`,
      ...(suppressed > 0 && { fields: { suppressed } }),
    });
  }
}

/** Without what an embedding program has added to it. */
function principalIn({ issuer, subject, kind }: Identity): Facts {
  return { issuer, subject, kind };
}

/** Terminals take these for commands, and some readers of lines for ends of lines; JSON leaves them as they are. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

class AuditTrace implements RequestTrace {
  readonly #facts: Facts;
  readonly #write: (facts: Facts) => void;
  readonly #sinceMs = performance.now();
  #isOver = false;
  #processor: { readonly readMs: () => number; readonly sinceMs: number } | undefined;

  constructor(facts: Facts, write: (facts: Facts) => void) {
    this.#facts = facts;
    this.#write = write;
  }

  started(readProcessorMs: () => number): void {
    this.#processor = { readMs: readProcessorMs, sinceMs: readProcessorMs() };
  }

  finished(end: RequestEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { failure, reason, answer } = end;
    this.#write({
      ...this.#facts,
      outcome: outcomeOf(end),
      ...(failure !== undefined && /^-?\d+$/.test(failure) && { code: Number(failure) }),
      reason,
      durationMs: inMicroseconds(performance.now() - this.#sinceMs),
      processorMs: this.#processorMs,
      bytesOut: answer === undefined ? undefined : Buffer.byteLength(answer),
    });
  }

  /** `undefined` if no worker has had the request, or the system does not say. */
  get #processorMs(): number | undefined {
    if (this.#processor === undefined) return undefined;
    const { readMs, sinceMs } = this.#processor;
    const usedMs = readMs() - sinceMs;
    return usedMs > 0 ? inMicroseconds(usedMs) : undefined;
  }
}

function inMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function outcomeOf({ failure, isParked }: RequestEnd): string {
  if (isParked === true) return 'input_required';
  if (failure === undefined) return 'ok';
  return failure === 'tool_error' || failure === 'cancelled' ? failure : 'error';
}
