/**
 * The lists that callers see only in part. The list is cut where it is, in the thread or process that the server runs in, and
 * before its characters are counted as sent.
 */
import type { SendFrame } from '../src/shared/frames/from-worker.js';
import type { ViewFrame } from '../src/shared/frames/to-worker.js';
import type { ListView } from '../src/shared/list-view.js';
import { viewedResponse } from '../src/shared/list-view.js';
import type { RequestId } from '../src/shared/request-id.js';

export class ListViews {
  /** Of requests that have not been answered: there are no more than the session may have in flight. */
  readonly #views = new Map<RequestId, ListView>();

  /** The response to this request, which comes next, is for somebody who sees only a part. */
  expect({ requestId, view }: ViewFrame): void {
    this.#views.set(requestId, view);
  }

  /** Nobody waits for the response any more. */
  forget(requestId: RequestId): void {
    this.#views.delete(requestId);
  }

  /** What the client is sent. */
  seen(frame: SendFrame): SendFrame {
    const { kind, relatedTo } = frame;
    if (this.#views.size === 0 || kind !== 'response' || relatedTo === undefined) return frame;
    const view = this.#views.get(relatedTo);
    if (view === undefined) return frame;
    this.#views.delete(relatedTo);
    return { ...frame, body: viewedResponse(view, frame.body) };
  }
}
