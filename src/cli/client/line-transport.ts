/** A client's side of two streams that carry JSON-RPC messages, one in each line. */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { type JSONRPCMessage, JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';
import { MAX_LINE_BYTES } from '../../shared/line-buffer.js';
import { LineReader } from '../../shared/line-reader.js';

export class LineTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #input: Readable;
  readonly #output: Writable;

  /**
   * @param input what the server writes
   * @param output what it reads; its end ends the session
   */
  constructor(input: Readable, output: Writable) {
    this.#input = input;
    this.#output = output;
  }

  async start(): Promise<void> {
    const lines = new LineReader(MAX_LINE_BYTES, {
      onLine: (line) => this.#take(line),
      onOverlong: (_head, _tail, bytes) => this.onerror?.(new Error(`a message has ${bytes} bytes`)),
    });
    this.#input.on('data', (chunk: Buffer) => lines.push(chunk));
    this.#input.once('close', () => this.onclose?.());
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (!this.#output.write(`${JSON.stringify(message)}\n`)) await once(this.#output, 'drain');
  }

  async close(): Promise<void> {
    this.#output.end();
    this.onclose?.();
  }

  #take(line: string): void {
    try {
      this.onmessage?.(JSONRPCMessageSchema.parse(JSON.parse(line)));
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
