/**
 * `mcp-bulkhead/testing`: runs a server as it will be run, for tests of it. Sessions have real threads, clients speak
 * Streamable HTTP on a free port of loopback, and nothing is printed. It knows no test runner.
 */
export type { LogLine } from './host-log.js';
export type { HostOptions } from './host-options.js';
export type { CallEnd, CallOptions, Progress, RunningCall } from './running-call.js';
export type {
  ElicitationHandler,
  ElicitationRequest,
  RootsHandler,
  SamplingHandler,
  SessionOptions,
} from './session-options.js';
export type { Host } from './start-host.js';
export { startHost } from './start-host.js';
export type { TestSession, WaitOptions } from './test-session.js';
export { ProtocolError, ToolError, type ToolResult } from './tool-result.js';
