import { BulkheadError } from '../shared/errors.js';

/** @returns a `BulkheadError` with the code `ERR_BULKHEAD_OPTION` */
export function optionError(message: string, cause?: unknown): BulkheadError {
  return new BulkheadError('ERR_BULKHEAD_OPTION', message, { cause });
}
