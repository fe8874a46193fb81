/** The words of which conversations are made. */
import type { Step } from './conversation.js';

type Params = Readonly<Record<string, unknown>>;

export function ask(method: string, params: Params = {}): Step {
  return { kind: 'ask', method, params, progress: false };
}

export function call(tool: string, args: Params = {}): Step {
  return ask('tools/call', { name: tool, arguments: args });
}

/** With a progress token. */
export function callWithProgress(tool: string, args: Params = {}): Step {
  return { kind: 'ask', method: 'tools/call', params: { name: tool, arguments: args }, progress: true };
}

export function cancelled(tool: string, args: Params = {}): Step {
  return { kind: 'cancel', tool, args };
}

export function until(method: string): Step {
  return { kind: 'await', method };
}

export function tell(method: string, params: Params = {}): Step {
  return { kind: 'tell', method, params };
}

/** What every server has to answer, and refuse. */
export const TOOLS_LIST = ask('tools/list');
export const PING = ask('ping');
export const NO_SUCH_METHOD = ask('nothing/like_this');
export const NO_SUCH_TOOL = call('no_such_tool');
