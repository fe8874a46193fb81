import type { AnyResponse } from '../src/shared/response-failure.js';

/** A response and its text. */
export interface TextResponse {
  readonly message: AnyResponse;
  readonly body: string;
}
