/** Sends inputs one after the other over raw sockets, and reads what comes back. */
import { connect, type Socket } from 'node:net';
import { type Answer, AnswerReader } from './answer-reader.js';
import type { Input, Listener } from './input.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export type Outcome =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'closed'; readonly answer: Answer | undefined }
  | { readonly kind: 'silent'; readonly answer: Answer | undefined }
  | { readonly kind: 'malformed'; readonly problem: string };

export class Lane {
  readonly #addresses: Readonly<Record<Listener, Address>>;
  /** Connections that an answer has left open. */
  readonly #kept = new Map<Listener, Socket>();

  constructor(addresses: Readonly<Record<Listener, Address>>) {
    this.#addresses = addresses;
  }

  /** Resolves when the input has been answered, its connection has closed, or its time is over. */
  async send(input: Input, deadlineMs: number): Promise<Outcome> {
    const kept = input.ending === 'answer' ? this.#kept.get(input.listener) : undefined;
    if (kept === undefined || !kept.writable || kept.readableEnded)
      return this.#exchange(input, this.#connect(input.listener), deadlineMs);
    this.#kept.delete(input.listener);
    const outcome = await this.#exchange(input, kept, deadlineMs);
    // The server may close an idle connection while the next request is on its way (RFC 9112, 9.3.1).
    if (outcome.kind !== 'closed' || outcome.answer !== undefined) return outcome;
    return this.#exchange(input, this.#connect(input.listener), deadlineMs);
  }

  close(): void {
    for (const socket of this.#kept.values()) socket.destroy();
    this.#kept.clear();
  }

  #connect(listener: Listener): Socket {
    const { host, port } = this.#addresses[listener];
    return connect({ host, port, noDelay: true, allowHalfOpen: true });
  }

  #exchange(input: Input, socket: Socket, deadlineMs: number): Promise<Outcome> {
    return new Promise((resolve) => {
      const reader = new AnswerReader(input.head);
      let settled = false;
      const settle = (outcome: Outcome): void => {
        if (settled) return;
        settled = true;
        clearTimeout(deadline);
        socket.off('data', read).off('end', ended).off('close', closed);
        const { answer } = reader;
        const goesOn = outcome.kind === 'answered' && input.ending === 'answer' && answer?.complete === true;
        if (goesOn && answer.headers.get('connection') !== 'close' && socket.writable)
          this.#keep(input.listener, socket);
        else socket.destroy();
        resolve(outcome);
      };
      const read = (bytes: Buffer): void => {
        // A pipelined or garbled input gets more than one answer: only the first is judged.
        try {
          const complete = reader.take(bytes);
          const { answer } = reader;
          if (answer === undefined || !(complete || (reader.streams && isEndless(input)))) return;
          settle({ kind: 'answered', answer });
        } catch (error) {
          const problem = error instanceof Error ? error.message : String(error);
          const { answer } = reader;
          if (input.ending === 'end' && answer?.complete === true) settle({ kind: 'answered', answer });
          else settle({ kind: 'malformed', problem });
        }
      };
      const closed = (): void => {
        reader.end();
        const { answer } = reader;
        settle(answer?.complete ? { kind: 'answered', answer } : { kind: 'closed', answer });
      };
      const ended = (): void => closed();
      // Timers run before sockets are read: after a stall of this process, the answer may have arrived already.
      const deadline = setTimeout(() => {
        setImmediate(() => settle({ kind: 'silent', answer: reader.answer }));
      }, deadlineMs);
      // A reset counts as a close, because `close` follows.
      if (socket.listenerCount('error') === 0) socket.on('error', () => undefined);
      socket.on('data', read).on('end', ended).on('close', closed);
      void write(socket, input);
    });
  }

  #keep(listener: Listener, socket: Socket): void {
    this.#kept.set(listener, socket);
  }
}

/** A GET stream has no end of its own; the stream of a POST ends with its last response. */
function isEndless(input: Input): boolean {
  return input.pieces[0]?.subarray(0, 4).toString('latin1') !== 'POST';
}

async function write(socket: Socket, input: Input): Promise<void> {
  for (const [index, piece] of input.pieces.entries()) {
    if (index > 0) await new Promise<void>((resolve) => void setImmediate(resolve));
    if (!socket.writable) return;
    socket.write(piece);
  }
  if (input.ending === 'end') socket.end();
  if (input.ending === 'destroy') {
    if (socket.connecting)
      await new Promise<void>((resolve) => void socket.once('connect', resolve).once('close', resolve));
    socket.destroySoon();
  }
}
