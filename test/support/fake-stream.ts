/** One stream to a client, with a real event log, over a connection that does what the test says. */
import { EventLog } from '../../src/delivery/event-log.js';
import { EventLogBudget } from '../../src/delivery/event-log-budget.js';
import {
  MessageStream,
  RETRY_MS,
  type StreamOwner,
  type StreamPurpose,
} from '../../src/delivery/message-stream.js';
import type { StreamLoss } from '../../src/delivery/outbox.js';
import type { StartFailure } from '../../src/delivery/start-failure.js';
import type { ConnectionOwner, StreamConnection } from '../../src/delivery/stream-connection.js';
import { StreamTotals } from '../../src/delivery/stream-totals.js';
import { afterThisTest } from './cleanup.js';
import { FakeClock } from './fake-clock.js';

export const SSE_AFTER_MS = 1_000;

export class Connection implements StreamConnection {
  owner: ConnectionOwner | undefined;
  /** What was done with it, in order. */
  readonly done: string[] = [];
  /** Whether what is written leaves at once. */
  flows = true;

  answer(body: string): boolean {
    this.done.push(`json ${body}`);
    return this.flows;
  }

  fail(failure: StartFailure): void {
    this.done.push(`fail ${failure.body}`);
  }

  nothing(): void {
    this.done.push('nothing');
  }

  open(primingId: string | undefined, retryMs: number): void {
    this.done.push(`open ${primingId ?? '-'} retry ${retryMs}`);
  }

  write(id: string | undefined, body: string): boolean {
    this.done.push(`${id ?? '-'} ${body}`);
    return this.flows;
  }

  end(): boolean {
    this.done.push('end');
    return this.flows;
  }

  drain(): void {
    this.flows = true;
    this.owner?.onDrain(this);
  }

  close(): void {
    this.owner?.onClose(this);
  }
}

class Owner implements StreamOwner {
  readonly retryMs = RETRY_MS;
  readonly log: EventLog | undefined;
  readonly protocolVersion: string;
  readonly totals = new StreamTotals();
  readonly sseAfterMs = SSE_AFTER_MS;
  flushedChars = 0;
  opens = 0;
  ends = 0;
  readonly losses: StreamLoss[] = [];

  constructor(protocolVersion: string, log: EventLog | undefined) {
    this.protocolVersion = protocolVersion;
    this.log = log;
  }

  flushed(_stream: MessageStream, chars: number): void {
    this.flushedChars += chars;
  }

  opened(): void {
    this.opens += 1;
  }

  lost(_stream: MessageStream, loss: StreamLoss): void {
    this.losses.push(loss);
  }

  finished(): void {
    this.ends += 1;
  }
}

interface Given extends Partial<StreamPurpose> {
  readonly protocolVersion?: string;
  /** Whether events are logged; the legacy transport has no log. */
  readonly logged?: boolean;
}

/** A POST of request 7, unless said otherwise. */
export function world({ protocolVersion = '2025-11-25', logged = true, ...purpose }: Given = {}) {
  const clock = new FakeClock().install();
  afterThisTest(() => clock.restore());
  const log = new EventLog({ events: 100, bytes: 10_000 }, new EventLogBudget(100_000), { onDropped() {} });
  afterThisTest(() => log.clear());
  const owner = new Owner(protocolVersion, logged ? log : undefined);
  const connection = new Connection();
  const stream = new MessageStream(
    owner,
    { kind: 'post', key: '1', requestIds: [7], mayStream: true, batch: false, ...purpose },
    connection,
  );
  return { clock, log, owner, connection, stream };
}

/** The standalone stream, open. */
export function standalone(given: Given = {}) {
  const made = world({ kind: 'get', key: 'get', requestIds: [], mayStream: false, ...given });
  made.stream.attach(made.connection, [], undefined);
  made.connection.done.length = 0;
  return made;
}
