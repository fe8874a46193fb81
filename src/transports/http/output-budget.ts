/**
 * Output that was written to connections and has not left, over all of them. Beyond the budget, the responses with most
 * waiting bytes for longest are closed until an eighth is free again. A response whose client reads nothing for a
 * minute is closed in any case. An event stream can be resumed from the event log, as after any lost connection.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import { Lateness } from '../../shared/deadline.js';
import { AdmissionWindow } from '../../telemetry/admission-window.js';
import type { GatewayEmitter } from '../../telemetry/events.js';

/** Clients can cause this at will, so there is one log line in this time. */
const NOTICE_WINDOW_MS = 10_000;
const MIB = 1024 * 1024;
/**
 * An eighth of the heap, within limits: a single message of a server, up to 32 Mi characters, must not be too much by
 * itself.
 */
const HEAP_SHARE = 1 / 8;
const LEAST_BYTES = 48 * MIB;
const MOST_BYTES = 128 * MIB;
const FREED_SHARE = 1 / 8;
/** A client that reads nothing for this long while bytes wait for it is considered gone. */
const STALL_MS = 60_000;
const LOOKS_BEFORE_STALL = 30;

export type GiveUpReason = 'stalled' | 'output_budget';

/** A response with waiting bytes. */
export interface WaitingOutput {
  /** Bytes that were written and have not left. */
  readonly waitingBytes: number;
  /**
   * The part of them that is being passed to the system; `undefined` while an earlier response of the connection is
   * written.
   */
  readonly leavingBytes: number | undefined;
  /** Closes its connection. */
  giveUp(reason: GiveUpReason): void;
}

interface Waiting {
  readonly sinceMs: number;
  bytes: number;
  /** As of the last check. */
  seenBytes: number;
  seenLeavingBytes: number | undefined;
  movedAtMs: number;
}

export interface OutputBudgetOptions {
  readonly events: GatewayEmitter;
  readonly limitBytes?: number;
  readonly stallMs?: number;
}

export class OutputBudget {
  readonly limitBytes: number;
  readonly #stallMs: number;
  readonly #events: GatewayEmitter;
  readonly #waiting = new Map<WaitingOutput, Waiting>();
  readonly #notices = new AdmissionWindow(1, NOTICE_WINDOW_MS);
  #usedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  /** How late the checks are, as long as anything waits. */
  #lateness: Lateness | undefined;

  constructor({ events, limitBytes = defaultLimit(), stallMs = STALL_MS }: OutputBudgetOptions) {
    this.#events = events;
    this.limitBytes = limitBytes;
    this.#stallMs = stallMs;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Something was written that could not leave at once. */
  waits(output: WaitingOutput): void {
    const bytes = output.waitingBytes;
    const known = this.#waiting.get(output);
    if (known === undefined) {
      const nowMs = performance.now();
      this.#waiting.set(output, {
        sinceMs: nowMs,
        bytes,
        seenBytes: bytes,
        seenLeavingBytes: output.leavingBytes,
        movedAtMs: nowMs,
      });
      this.#lookRegularly();
    } else {
      this.#usedBytes -= known.bytes;
      known.bytes = bytes;
    }
    this.#usedBytes += bytes;
    if (this.#usedBytes > this.limitBytes) this.#makeRoom();
  }

  /** Nothing waits any more: it has left, or its connection is closed. */
  left(output: WaitingOutput): void {
    const known = this.#waiting.get(output);
    if (known === undefined) return;
    this.#waiting.delete(output);
    this.#usedBytes -= known.bytes;
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #lookRegularly(): void {
    if (this.#timer !== undefined) return;
    const everyMs = this.#stallMs / LOOKS_BEFORE_STALL;
    this.#lateness = new Lateness(everyMs);
    this.#timer = setInterval(() => this.#look(), everyMs).unref();
  }

  #look(): void {
    const nowMs = performance.now();
    // While this process stood still, no client could receive anything.
    const stoodStillMs = this.#lateness?.look(nowMs) ?? 0;
    for (const [output, waiting] of this.#waiting) {
      const { waitingBytes, leavingBytes } = output;
      if (waitingBytes === 0) {
        this.left(output);
        continue;
      }
      this.#usedBytes += waitingBytes - waiting.bytes;
      waiting.bytes = waitingBytes;
      waiting.movedAtMs = Math.min(waiting.movedAtMs + stoodStillMs, nowMs);
      // More may be written meanwhile, so only bytes that leave show that the client reads. After another response,
      // none can leave.
      const moved = waitingBytes < waiting.seenBytes || leavingBytes !== waiting.seenLeavingBytes;
      if (moved || leavingBytes === undefined) waiting.movedAtMs = nowMs;
      waiting.seenBytes = waitingBytes;
      waiting.seenLeavingBytes = leavingBytes;
      if (nowMs - waiting.movedAtMs >= this.#stallMs) this.#giveUp(output, 'stalled');
    }
  }

  #makeRoom(): void {
    const nowMs = performance.now();
    const cost = ({ bytes, sinceMs }: Waiting): number => bytes * (nowMs - sinceMs + 1);
    const outputs = [...this.#waiting].sort(([, one], [, other]) => cost(other) - cost(one));
    const wantedBytes = this.limitBytes * (1 - FREED_SHARE);
    let closed = 0;
    for (const [output] of outputs) {
      if (this.#usedBytes <= wantedBytes) break;
      this.#giveUp(output, 'output_budget');
      closed += 1;
    }
    const suppressed = this.#notices.admit(closed);
    if (suppressed === undefined) return;
    this.#events.emit('notice', {
      level: 'warn',
      message:
        'Output that clients do not read reached its memory limit: the responses with most of it for longest were closed.',
      fields: { closed: suppressed + closed, limitBytes: this.limitBytes },
    });
  }

  #giveUp(output: WaitingOutput, reason: GiveUpReason): void {
    this.left(output);
    output.giveUp(reason);
  }
}

/**
 * Bytes of the current write that the system has not accepted yet; `undefined` if another response of the connection
 * comes first. A large message is one write, so `writableLength` does not change until all of it has left. Only libuv's
 * own count shows that a slow reader reads.
 */
export function leavingBytesOf({ socket }: ServerResponse): number | undefined {
  if (socket === null) return undefined;
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly writeQueueSize?: number } };
  return handle?.writeQueueSize ?? 0;
}

function defaultLimit(): number {
  const share = getHeapStatistics().heap_size_limit * HEAP_SHARE;
  return Math.min(Math.max(share, LEAST_BYTES), MOST_BYTES);
}
