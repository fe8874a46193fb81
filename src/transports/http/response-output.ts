/** A plain response, written whole or in parts, as the budget of all output sees it. */
import type { ServerResponse } from 'node:http';
import type { Connections } from './connections.js';
import { type GiveUpReason, leavingBytesOf, type OutputBudget, type WaitingOutput } from './output-budget.js';

export class ResponseOutput implements WaitingOutput {
  readonly #response: ServerResponse;
  readonly #connections: Connections;
  readonly #output: OutputBudget;
  #watched = false;

  constructor(response: ServerResponse, connections: Connections, output: OutputBudget) {
    this.#response = response;
    this.#connections = connections;
    this.#output = output;
  }

  /** Must be called after the response was ended. */
  watch(): void {
    if (this.waitingBytes === 0) return;
    this.#output.waits(this);
    if (this.#watched) return;
    this.#watched = true;
    this.#response.once('close', () => this.#output.left(this));
  }

  /**
   * Writes the parts, each after the previous one has left, and ends the response. Resolves early if the response is
   * closed.
   */
  async write(parts: AsyncIterable<string>): Promise<void> {
    const response = this.#response;
    for await (const part of parts) {
      if (response.destroyed) return;
      if (response.write(part)) continue;
      this.watch();
      await drainOrClose(response);
      this.#output.left(this);
    }
    response.end();
  }

  get waitingBytes(): number {
    return this.#response.writableLength;
  }

  get leavingBytes(): number | undefined {
    return leavingBytesOf(this.#response);
  }

  giveUp(reason: GiveUpReason): void {
    this.#connections.drop(this.#response.req.socket, reason);
  }
}

function drainOrClose(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
