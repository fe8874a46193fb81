/** What a handler receives besides its request: where it came from, and how it closes its stream (SEP-1699). */
import type { UnpacedFrame } from '../../src/shared/frames/unpaced.js';
import type { RequestId } from '../../src/shared/request-id.js';
import type { SessionContext } from '../../src/shared/session-context.js';

/** SEP-1699: clients of earlier versions cannot resume a stream that was closed on purpose. */
const FIRST_VERSION_WITH_POLLING = '2025-11-25';

/** The part of the SDKs' `MessageExtraInfo` that is known here. */
interface MessageInfo {
  readonly requestInfo: { headers: Record<string, string> };
  readonly closeSSEStream?: () => void;
  readonly closeStandaloneSSEStream?: () => void;
}

export class RequestInfo {
  readonly #owner: { post(frame: UnpacedFrame): void };
  readonly #requestInfo: { headers: Record<string, string> };
  readonly #canPoll: boolean;

  constructor(context: SessionContext, owner: { post(frame: UnpacedFrame): void }) {
    this.#owner = owner;
    this.#canPoll =
      context.era === 'session' &&
      context.transport === 'streamable-http' &&
      context.protocolVersion >= FIRST_VERSION_WITH_POLLING;
    this.#requestInfo = {
      headers: {
        'mcp-session-id': context.sessionId,
        'mcp-protocol-version': context.protocolVersion,
        ...(context.userAgent !== undefined && { 'user-agent': context.userAgent }),
      },
    };
  }

  of(requestId: RequestId): MessageInfo {
    const requestInfo = this.#requestInfo;
    if (!this.#canPoll) return { requestInfo };
    return {
      requestInfo,
      closeSSEStream: () => this.#owner.post({ type: 'close-stream', requestId }),
      closeStandaloneSSEStream: () => this.#owner.post({ type: 'close-stream', requestId: undefined }),
    };
  }
}
