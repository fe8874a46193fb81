/**
 * File descriptors belong to the whole process. A session that leaks them takes them from the listeners too, and the
 * system then closes new connections without any message. So some descriptors are reserved, and released when almost no
 * others are left. Meanwhile MCP connections are refused, so that the released ones serve `/healthz`, `/readyz` and
 * `/metrics`. A session that takes every descriptor as soon as it is free takes these as well; nothing inside of one
 * process can prevent that.
 */
import { closeSync, openSync, readdirSync, statSync } from 'node:fs';
import { devNull } from 'node:os';
import type { DescriptorState, GatewayEmitter } from '../../telemetry/events.js';

const CHECK_MS = 1_000;
/** Enough for the requests to the admin listener for a while; fewer if the limit is low. */
const MAX_SPARE = 32;
const SPARE_SHARE = 1 / 16;
/**
 * With fewer free ones a thread cannot start. This many are released at once, because whoever leaks descriptors takes
 * some of them.
 */
const LEAST_FREE = 8;
/** The shortage is over only when this many are free besides the reserved ones. */
const FREE_AFTERWARDS = 16;
const HIGH_SHARE = 0.8;
const LOW_SHARE = 0.7;
/** If the kernel cannot count descriptors, they are listed, but not at each check. */
const CHECKS_PER_LISTING = 10;
const OPEN_DESCRIPTORS = '/proc/self/fd';

export interface DescriptorReserveOptions {
  readonly events: GatewayEmitter;
  /** `undefined` if it is unknown. */
  readonly limit: number | undefined;
}

export class DescriptorReserve {
  readonly #events: GatewayEmitter;
  readonly #limit: number | undefined;
  readonly #wanted: number;
  readonly #spare: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #high = false;
  #short = false;
  #checks = 0;

  constructor({ events, limit }: DescriptorReserveOptions) {
    this.#events = events;
    this.#limit = limit;
    this.#wanted = limit === undefined ? MAX_SPARE : Math.min(MAX_SPARE, Math.floor(limit * SPARE_SHARE));
    this.#short = !this.#open(this.#wanted);
    this.#timer = setInterval(() => this.#check(), CHECK_MS).unref();
  }

  /** Whether almost no descriptor was free, and too few have become free since. */
  get short(): boolean {
    return this.#short;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#release(this.#spare.length);
  }

  #check(): void {
    this.#warn();
    if (this.#short) {
      if (this.#recover()) this.#tell('eased');
      else if (!this.#areSomeFree()) this.#release(LEAST_FREE);
    } else if (!this.#areSomeFree()) {
      this.#short = true;
      this.#release(LEAST_FREE);
      this.#tell('exhausted');
    }
  }

  #areSomeFree(): boolean {
    const before = this.#spare.length;
    const free = this.#open(LEAST_FREE);
    this.#release(this.#spare.length - before);
    return free;
  }

  /** Fills the reserve again, unless that would take the last ones. */
  #recover(): boolean {
    const before = this.#spare.length;
    const missing = this.#wanted - before;
    if (!this.#open(missing + FREE_AFTERWARDS)) {
      this.#release(this.#spare.length - before);
      return false;
    }
    this.#release(FREE_AFTERWARDS);
    this.#short = false;
    return true;
  }

  #warn(): void {
    if (this.#limit === undefined) return;
    const open = this.#count();
    if (open === undefined) return;
    if (!this.#high && open > this.#limit * HIGH_SHARE) {
      this.#high = true;
      this.#tell('high', open);
    } else if (this.#high && open < this.#limit * LOW_SHARE) {
      this.#high = false;
      this.#tell('eased', open);
    }
  }

  /**
   * The number of open descriptors, including the reserved ones. `undefined` if it is unknown or not determined this
   * time.
   */
  #count(): number | undefined {
    this.#checks += 1;
    try {
      // From Linux 6.2 on, the size of the folder is this number; before, it is 0.
      const { size } = statSync(OPEN_DESCRIPTORS);
      if (size > 0) return size;
      return this.#checks % CHECKS_PER_LISTING === 0 ? readdirSync(OPEN_DESCRIPTORS).length : undefined;
    } catch {
      // Listing needs a descriptor itself. If there is none, #areSomeFree notices.
      return undefined;
    }
  }

  /** @returns whether this many could be opened; those that could are kept */
  #open(count: number): boolean {
    for (let opened = 0; opened < count; opened += 1) {
      try {
        this.#spare.push(openSync(devNull, 'r'));
      } catch {
        // EMFILE or ENFILE: the consequence is the same.
        return false;
      }
    }
    return true;
  }

  #release(count: number): void {
    for (const descriptor of this.#spare.splice(0, count)) closeSync(descriptor);
  }

  #tell(state: DescriptorState, open = this.#count()): void {
    this.#events.emit('descriptors', { state, open, limit: this.#limit });
  }
}
