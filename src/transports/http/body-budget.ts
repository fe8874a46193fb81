/**
 * One budget for the request bodies that are still arriving, over all connections: whoever can open a connection can
 * send most of a body and then stop, before the gateway knows who it is. The budget counts memory that is held, not
 * what a client has announced. Beyond it, the bodies that have held most for longest are rejected until an eighth is
 * free again. Bodies that arrive without pauses are accepted, however many others stand still.
 */
import { AdmissionWindow } from '../../telemetry/admission-window.js';
import type { GatewayEmitter } from '../../telemetry/events.js';

/** Clients can cause this at will, so there is one log line in this time. */
const NOTICE_WINDOW_MS = 10_000;
const MIB = 1024 * 1024;
const DEFAULT_BYTES = 64 * MIB;
/**
 * This share is free after the limit was reached, so that the search for the largest body is not repeated for each
 * chunk.
 */
const FREED_SHARE = 1 / 8;

/** A body that is being read. */
export interface HeldBody {
  readonly heldBytes: number;
  readonly startedAtMs: number;
  /** Frees what is held, and rejects the request. */
  reject(): void;
}

export class BodyBudget {
  readonly limitBytes: number;
  readonly #events: GatewayEmitter;
  readonly #held = new Set<HeldBody>();
  readonly #notices = new AdmissionWindow(1, NOTICE_WINDOW_MS);
  #usedBytes = 0;

  constructor({ limitBytes, events }: { readonly limitBytes: number; readonly events: GatewayEmitter }) {
    this.limitBytes = limitBytes;
    this.#events = events;
  }

  /** At least two of the largest bodies fit, whatever `max-body-bytes` is. */
  static limitFor(maxBodyBytes: number): number {
    return Math.max(DEFAULT_BYTES, 2 * maxBodyBytes);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** A body holds this many bytes more. It may be rejected before this returns. */
  take(body: HeldBody, bytes: number): void {
    this.#held.add(body);
    this.#usedBytes += bytes;
    if (this.#usedBytes > this.limitBytes) this.#makeRoom();
  }

  /** The body no longer holds anything. */
  release(body: HeldBody): void {
    if (this.#held.delete(body)) this.#usedBytes -= body.heldBytes;
  }

  #makeRoom(): void {
    const nowMs = performance.now();
    const cost = ({ heldBytes, startedAtMs }: HeldBody): number => heldBytes * (nowMs - startedAtMs + 1);
    const bodies = [...this.#held].sort((one, other) => cost(other) - cost(one));
    const wantedBytes = this.limitBytes * (1 - FREED_SHARE);
    let rejected = 0;
    for (const body of bodies) {
      if (this.#usedBytes <= wantedBytes) break;
      body.reject();
      rejected += 1;
    }
    const suppressed = this.#notices.admit(rejected);
    if (suppressed === undefined) return;
    this.#events.emit('notice', {
      level: 'warn',
      message:
        'Unfinished request bodies reached their memory limit: the largest stalled ones were refused with 503.',
      fields: { refused: suppressed + rejected, limitBytes: this.limitBytes },
    });
  }
}
