/**
 * What each principal may take of the gateway, over all of its sessions: how many sessions, threads and processes, and
 * requests in flight; how many requests and bytes a second; how much processor time a minute. Those who have not said who
 * they are have a part for each address.
 *
 * A refusal never has a status that makes a client give up: 503 for a new session, which is tried again, and a JSON-RPC error
 * over 200 for a request, because models are shown only that. 429 is for floods of messages that ask nothing.
 */
import type { Asked, Gate, GateRefusal, Told } from '../auth/gate.js';
import type { SessionWorker } from '../isolation/worker.js';
import type { CountedSession, QuotaRejection, SessionUse } from '../session/session-use.js';
import { clockMs } from '../shared/clock.js';
import { type Consumer, consumerOf } from '../shared/consumer.js';
import { BulkheadError } from '../shared/errors.js';
import { NOBODY, type SessionContext } from '../shared/session-context.js';
import { STATELESS_CODE } from '../shared/stateless-protocol.js';
import type { GatewayEmitter, QuotaName } from '../telemetry/events.js';
import { type Account, Accounts, type Hold } from './accounts.js';
import { Bucket, type BucketSize } from './bucket.js';
import { ProcessorMeter } from './processor-meter.js';
import { ToolBreakers } from './tool-breakers.js';

export interface QuotaOptions {
  readonly quotaSessions: number | undefined;
  readonly quotaCompartments: number | undefined;
  readonly quotaRequests: number | undefined;
  /** A second. */
  readonly quotaRate: number | undefined;
  /** A second. */
  readonly quotaBytes: number | undefined;
  /** A minute. */
  readonly quotaProcessorMs: number | undefined;
  /** In a minute. */
  readonly toolBreaker: number | undefined;
}

/** Claude Code sends up to 25 calls at once, and a few messages when it starts. */
const MIN_BURST = 30;
const BURST_SECONDS = 2;
const BYTES_BURST_SECONDS = 10;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** They cost almost nothing, and a client that gets no answer to them takes the server for dead, or for an older one. */
const LENIENT_METHODS: ReadonlySet<string> = new Set(['ping', 'server/discover']);

type Bucketed = 'rate' | 'bytes' | 'processor';

/** `undefined` if no quota is set. */
export function quotasOf(options: QuotaOptions, events: GatewayEmitter): Quotas | undefined {
  const { quotaSessions, quotaCompartments, quotaRequests, quotaRate, quotaBytes, quotaProcessorMs } =
    options;
  const all = [quotaSessions, quotaCompartments, quotaRequests, quotaRate, quotaBytes, quotaProcessorMs];
  const isOn = [...all, options.toolBreaker].some((value) => value !== undefined);
  return isOn ? new Quotas(options, events) : undefined;
}

export class Quotas implements Gate, SessionUse {
  readonly byAddress = true;
  readonly #options: QuotaOptions;
  readonly #events: GatewayEmitter;
  readonly #accounts = new Accounts();
  readonly #sizes: Readonly<Partial<Record<Bucketed, BucketSize>>>;
  readonly #meter: ProcessorMeter | undefined;
  readonly #breakers: ToolBreakers | undefined;

  constructor(options: QuotaOptions, events: GatewayEmitter) {
    const { quotaRate, quotaBytes, quotaProcessorMs, toolBreaker } = options;
    this.#options = options;
    this.#events = events;
    this.#sizes = {
      ...(quotaRate !== undefined && { rate: rateSize(quotaRate) }),
      ...(quotaBytes !== undefined && {
        bytes: { capacity: quotaBytes * BYTES_BURST_SECONDS, perMs: quotaBytes / SECOND_MS },
      }),
      ...(quotaProcessorMs !== undefined && {
        processor: {
          capacity: quotaProcessorMs,
          perMs: quotaProcessorMs / MINUTE_MS,
          // A tool that ran away is no reason to refuse everything for an hour.
          overdraft: quotaProcessorMs,
        },
      }),
    };
    this.#meter = quotaProcessorMs === undefined ? undefined : new ProcessorMeter();
    this.#breakers = toolBreaker === undefined ? undefined : new ToolBreakers(toolBreaker);
  }

  close(): void {
    this.#meter?.close();
  }

  admit(asked: Asked): GateRefusal | undefined {
    const { visitor, era, sessionId, method, body } = asked;
    const who = { principal: visitor.principal.key, remoteAddress: visitor.address };
    const nowMs = clockMs();
    const account = this.#account(who, nowMs);
    const refusal =
      this.#closedTool(asked, who, nowMs) ??
      this.#exhausted(account, who, LENIENT_METHODS.has(method), nowMs);
    if (refusal === undefined) return this.#use(account, 1, Buffer.byteLength(body), nowMs);
    const opens = era === 'session' && sessionId === undefined;
    return {
      ...refusal,
      status: opens ? 503 : 200,
      ...(era === 'stateless' && { code: STATELESS_CODE.gateway }),
    };
  }

  /** They are counted, so that the next request pays for them. */
  accept({ visitor, bodies }: Told): GateRefusal | undefined {
    const who = { principal: visitor.principal.key, remoteAddress: visitor.address };
    const nowMs = clockMs();
    const account = this.#account(who, nowMs);
    const refusal = this.#exhausted(account, who, true, nowMs);
    if (refusal !== undefined) return { ...refusal, status: 429 };
    const bytes = bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0);
    return this.#use(account, bodies.length, bytes, nowMs);
  }

  openingRejection(who: Consumer): QuotaRejection | undefined {
    const account = this.#account(who);
    const { quotaSessions } = this.#options;
    if (
      quotaSessions !== undefined &&
      account.sessions.size >= quotaSessions &&
      account.eviction.next(clockMs()) === undefined
    ) {
      const what = `You have ${account.sessions.size} open sessions, and all of them are in use; more are not allowed (quota-sessions). End one, or try again later.`;
      return this.#refused(account, who, 'sessions', what);
    }
    return this.requestRejection(who);
  }

  makeRoom(who: Consumer): void {
    const { quotaSessions } = this.#options;
    if (quotaSessions === undefined) return;
    const account = this.#account(who);
    if (account.sessions.size < quotaSessions) return;
    void account.eviction.next(clockMs())?.end('evicted');
  }

  onOpened(session: CountedSession): void {
    this.#account(session.context).sessions.add(session);
  }

  onEnded(session: CountedSession): void {
    this.#account(session.context).sessions.delete(session);
  }

  requestRejection(who: Consumer): QuotaRejection | undefined {
    const { quotaRequests } = this.#options;
    if (quotaRequests === undefined) return undefined;
    const account = this.#account(who);
    if (account.requests < quotaRequests) return undefined;
    const what = `You have ${account.requests} requests in flight, and more are not allowed (quota-requests). Wait for one to finish and call again.`;
    return this.#refused(account, who, 'requests', what);
  }

  onRequest(who: Consumer): void {
    this.#account(who).requests += 1;
  }

  onRequestOver(who: Consumer): void {
    this.#account(who).requests -= 1;
  }

  isFull(who: Consumer): boolean {
    const { quotaCompartments } = this.#options;
    return quotaCompartments !== undefined && this.#account(who).holds.size >= quotaCompartments;
  }

  async acquire(session: CountedSession, acquire: () => Promise<SessionWorker>): Promise<SessionWorker> {
    const who = session.context;
    const account = this.#account(who);
    const rejection = this.#compartmentRejection(account, who);
    if (rejection !== undefined) throw new BulkheadError('ERR_BULKHEAD_QUOTA', rejection.message);
    const hold: Hold = { session, worker: undefined };
    account.holds.add(hold);
    let worker: SessionWorker;
    try {
      worker = await acquire();
    } catch (error) {
      account.holds.delete(hold);
      throw error;
    }
    hold.worker = worker;
    void worker.gone.then(() => account.holds.delete(hold));
    this.#meter?.add(worker, (ms) => this.#take(account, 'processor', ms, clockMs()));
    return worker;
  }

  onToolsLost(context: SessionContext, tools: readonly string[]): void {
    // Nobody asks a gate for what comes over the gateway's own streams.
    if (this.#breakers === undefined || context.transport === 'stdio') return;
    const { server, principal, remoteAddress } = context;
    const consumer = consumerOf(context);
    for (const tool of tools)
      if (this.#breakers.died({ consumer, server, tool }, clockMs()))
        this.#events.emit('tool-closed', { server, tool, principal, remoteAddress });
  }

  #closedTool(
    { server, method, tool }: Asked,
    who: Consumer,
    nowMs: number,
  ): Omit<GateRefusal, 'status'> | undefined {
    if (this.#breakers === undefined || method !== 'tools/call' || tool === undefined) return undefined;
    const ms = this.#breakers.closedMs({ consumer: consumerOf(who), server, tool }, nowMs);
    if (ms === 0) return undefined;
    const seconds = secondsOf(ms);
    return {
      reason: 'tool_closed',
      message: `The tool ${JSON.stringify(tool)} is closed for you for another ${seconds} s: more than ${this.#options.toolBreaker} times within a minute, your calls of it have ended the thread or process that they ran in (tool-breaker). Do without it, or call it with other arguments after that.`,
      data: { retryAfterSeconds: seconds },
      headers: { 'retry-after': String(seconds) },
    };
  }

  /** @param lenient refused only if so much was overdrawn as there can be */
  #exhausted(
    account: Account,
    who: Consumer,
    lenient: boolean,
    nowMs: number,
  ): Omit<GateRefusal, 'status'> | undefined {
    const { rate, bytes, processor } = this.#sizes;
    if (rate !== undefined && this.#lacks(account, 'rate', lenient ? -rate.capacity : 1, nowMs))
      return this.#late(account, who, 'rate', 'You have sent more requests than you may (quota-rate)', nowMs);
    if (bytes !== undefined && this.#lacks(account, 'bytes', lenient ? -bytes.capacity : 0, nowMs))
      return this.#late(account, who, 'bytes', 'You have sent more bytes than you may (quota-bytes)', nowMs);
    if (processor !== undefined && !lenient && this.#lacks(account, 'processor', 0, nowMs)) {
      const what = `Your calls have used all of their processor time, ${processor.capacity} ms a minute (quota-processor-ms)`;
      return this.#late(account, who, 'processor', what, nowMs);
    }
    return undefined;
  }

  #lacks(account: Account, bucket: Bucketed, least: number, nowMs: number): boolean {
    const size = this.#sizes[bucket];
    const level = size && account[bucket]?.level(size, nowMs);
    if (level === undefined) return false;
    return least > 0 ? level < least : level <= least;
  }

  #late(
    account: Account,
    who: Consumer,
    quota: Bucketed,
    what: string,
    nowMs: number,
  ): Omit<GateRefusal, 'status'> {
    const size = this.#sizes[quota];
    const ms = (size && account[quota]?.msUntil(1, size, nowMs)) ?? 0;
    const seconds = secondsOf(ms);
    const rejection = this.#refused(account, who, quota, `${what}. Call again in ${seconds} s.`, seconds);
    return { ...rejection, headers: { 'retry-after': String(seconds) } };
  }

  #use(account: Account, requests: number, bytes: number, nowMs: number): undefined {
    this.#take(account, 'rate', requests, nowMs);
    this.#take(account, 'bytes', bytes, nowMs);
  }

  #take(account: Account, quota: Bucketed, amount: number, nowMs: number): void {
    const size = this.#sizes[quota];
    if (size === undefined) return;
    account[quota] ??= new Bucket(size, nowMs);
    account[quota].take(amount, size, nowMs);
  }

  /** A session of its own that has nothing to do gives up its worker for another one. */
  #compartmentRejection(account: Account, who: SessionContext): QuotaRejection | undefined {
    const { quotaCompartments } = this.#options;
    if (quotaCompartments === undefined || account.holds.size < quotaCompartments) return undefined;
    const staying = [...account.holds].filter(({ session }) => session.state !== 'falling_asleep');
    if (staying.length < quotaCompartments) return undefined;
    let longest: { readonly session: CountedSession; readonly idleMs: number } | undefined;
    for (const { session } of staying) {
      const idleMs = session.idleThreadMs;
      if (idleMs !== undefined && idleMs > (longest?.idleMs ?? -1)) longest = { session, idleMs };
    }
    longest?.session.sleep('pressure');
    if (longest !== undefined) return undefined;
    const what = `You hold ${staying.length} threads or processes, and more are not allowed (quota-compartments). Wait for a call to finish and call again.`;
    return this.#refused(account, who, 'compartments', what);
  }

  #refused(
    account: Account,
    { principal, remoteAddress }: Consumer,
    quota: QuotaName,
    message: string,
    retryAfterSeconds?: number,
  ): QuotaRejection {
    this.#events.emit('quota-refused', {
      quota,
      principal,
      remoteAddress: principal === NOBODY.subject ? remoteAddress : undefined,
      unreported: account.notice(quota),
    });
    const data = { quota, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
    return { reason: 'quota_exceeded', message, data };
  }

  #account(who: Consumer, nowMs = clockMs()): Account {
    return this.#accounts.of(consumerOf(who), nowMs);
  }
}

function rateSize(perSecond: number): BucketSize {
  return { capacity: Math.max(MIN_BURST, perSecond * BURST_SECONDS), perMs: perSecond / SECOND_MS };
}

/** At least one: whoever comes at once comes too early. */
function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / SECOND_MS));
}
