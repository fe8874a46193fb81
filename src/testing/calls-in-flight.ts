/** The calls of one session whose handlers may run, by the tokens and the ids with which the client has sent them. */
import type { RequestId } from '../shared/request-id.js';
import type { CallSignals, Progress } from './running-call.js';
import type { SentMessages } from './session-connection.js';
import type { RecordObserver } from './session-record.js';

interface CallInFlight {
  readonly signals: CallSignals;
  readonly token: string;
  requestId: RequestId | undefined;
}

export class CallsInFlight implements SentMessages, RecordObserver {
  readonly #calls = new Set<CallInFlight>();
  #tokens = 0;

  /** Returns the token that the call must be sent with. */
  add(signals: CallSignals): string {
    this.#tokens += 1;
    const token = `call-${this.#tokens}`;
    this.#calls.add({ signals, token, requestId: undefined });
    return token;
  }

  /** Its handler has settled: nothing more is to be told. */
  forget(signals: CallSignals): void {
    for (const call of this.#calls) if (call.signals === signals) this.#calls.delete(call);
  }

  onRequest({ id, params }: { readonly id: RequestId; readonly params?: unknown }): void {
    const { _meta } = (params ?? {}) as { readonly _meta?: { readonly progressToken?: unknown } };
    const call = this.#find(({ token }) => token === _meta?.progressToken);
    if (call === undefined) return;
    call.requestId = id;
    call.signals.onSent(id);
  }

  onCancelled(requestId: unknown): void {
    this.#find((call) => call.requestId === requestId)?.signals.onCancelled();
  }

  onProgress({ progressToken, ...progress }: Progress & { readonly progressToken: unknown }): void {
    this.#find(({ token }) => token === progressToken)?.signals.onProgress(progress);
  }

  onHandlerStopped(requestId: RequestId): void {
    this.#find((call) => call.requestId === requestId)?.signals.onStopped();
  }

  onRequestOver(): void {
    for (const { signals } of [...this.#calls]) signals.onRequestOver();
  }

  onThreadGone(): void {
    for (const { signals } of [...this.#calls]) signals.onThreadGone();
  }

  #find(wanted: (call: CallInFlight) => boolean): CallInFlight | undefined {
    for (const call of this.#calls) if (wanted(call)) return call;
    return undefined;
  }
}
