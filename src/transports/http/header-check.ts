/**
 * Compares the arguments of a call with the headers that repeat them, before the server sees it (2026-07-28, Streamable HTTP,
 * "Server Behavior for Custom Headers"). Which arguments these are, the server's tools say. Where nobody has asked for them yet,
 * the compartment of the first call is asked, and the call waits for that.
 */
import type { IncomingMessage } from 'node:http';
import type { StatelessRequest } from '../../protocol/era.js';
import type { EraRejection } from '../../protocol/era-rejection.js';
import { headerParamRejection } from '../../protocol/header-params.js';
import type { CallCheck } from '../../session/compartments/compartment.js';
import { askCompartment } from '../../session/compartments/inner-request.js';
import type { SessionManager } from '../../session/session-manager.js';
import { META, STATELESS_VERSION } from '../../shared/stateless-protocol.js';

/** As long as a call waits for a worker. */
const WAIT_MS = 45_000;

const META_OF_GATEWAY = { [META.protocolVersion]: STATELESS_VERSION, [META.clientCapabilities]: {} };

export class HeaderCheck {
  readonly #sessions: SessionManager;

  constructor(sessions: SessionManager) {
    this.#sessions = sessions;
  }

  /** The rejection by what is known now. */
  rejection(classified: StatelessRequest, request: IncomingMessage): EraRejection | undefined {
    const { tool } = classified.message;
    if (tool === undefined) return undefined;
    return headerParamRejection(this.#sessions.headerParams.of(tool), classified, request);
  }

  /**
   * What has to come before the call in its compartment; `undefined`: nothing.
   * @param rejected told of a rejection
   */
  before(
    classified: StatelessRequest,
    request: IncomingMessage,
    rejected: (rejection: EraRejection) => void,
  ): CallCheck | undefined {
    const { headerParams } = this.#sessions;
    if (classified.message.tool === undefined || headerParams.known) return undefined;
    return async (compartment) => {
      const key = this.#sessions.newRequestKey();
      const list = { key, method: 'tools/list', params: { _meta: META_OF_GATEWAY } };
      const timeoutMs = WAIT_MS + this.#sessions.options.startTimeoutMs;
      const response = await askCompartment(compartment, list, true, timeoutMs);
      // Its worker has told of the tools before it has answered.
      if (response !== undefined) headerParams.asked();
      const wrong = this.rejection(classified, request);
      if (wrong !== undefined) rejected(wrong);
      return wrong;
    };
  }
}
