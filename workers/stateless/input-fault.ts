/** What is wrong with the answers that come with a request (2026-07-28, Multi Round-Trip Requests, "Error Handling"). */
import { isFields } from '../../src/shared/fields.js';

const INVALID_PARAMS = -32602;

export interface InputFault {
  readonly code: number;
  readonly message: string;
}

/** For a request that continues no call: one that does has been recognized by the `requestState` of the gateway. */
export function inputFault(params: unknown): InputFault | undefined {
  if (!isFields(params)) return undefined;
  const { inputResponses, requestState } = params;
  if (requestState !== undefined) {
    const message =
      'Invalid requestState: this server has not issued it. Send it as it was received, or call anew without it.';
    return { code: INVALID_PARAMS, message };
  }
  if (inputResponses === undefined || isFields(inputResponses)) return undefined;
  return {
    code: INVALID_PARAMS,
    message: 'Invalid inputResponses: it must be an object, with a response for each key of inputRequests.',
  };
}
