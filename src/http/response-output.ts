/** A response that has been given whole, as the budget of all output sees it. */
import type { ServerResponse } from 'node:http';
import type { Connections } from './connections.js';
import { type GiveUpReason, leavingBytesOf, type OutputBudget, type WaitingOutput } from './output-budget.js';

export interface ResponseOutputParts {
  readonly connections: Connections;
  readonly output: OutputBudget;
}

export class ResponseOutput implements WaitingOutput {
  readonly #response: ServerResponse;
  readonly #parts: ResponseOutputParts;

  constructor(response: ServerResponse, parts: ResponseOutputParts) {
    this.#response = response;
    this.#parts = parts;
  }

  /** To be called after the response was ended. */
  watch(): void {
    if (this.waitingBytes === 0) return;
    this.#parts.output.waits(this);
    this.#response.once('close', () => this.#parts.output.left(this));
  }

  get waitingBytes(): number {
    return this.#response.writableLength;
  }

  get leavingBytes(): number | undefined {
    return leavingBytesOf(this.#response);
  }

  giveUp(reason: GiveUpReason): void {
    this.#parts.connections.drop(this.#response.req.socket, reason);
  }
}
