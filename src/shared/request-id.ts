/** A JSON-RPC request id: a string or an integer (JSON-RPC 2.0, section 4; MCP forbids `null`). */
export type RequestId = string | number;

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || Number.isSafeInteger(value);
}
