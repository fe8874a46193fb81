/**
 * Finds the histogram's child for a finished request. This runs for each request, so the children are in a tree of maps
 * whose keys are the event's own strings: no key is built, and no label object is created.
 */
import type { FastHistogram, FastHistogramChild } from './fast-histogram.js';
import { errorTypeLabel, methodLabel, OTHER, protocolVersionLabel } from './labels.js';

/** More tools than any server should have; others count as `other`. */
const MAX_TOOL_LABELS = 1000;

/** protocol version → failure → child */
type Branch = Map<string, Map<string | undefined, FastHistogramChild>>;

export class OperationDurations {
  readonly #histogram: FastHistogram;
  readonly #knownTools: () => ReadonlySet<string>;
  readonly #methods = new Map<string, Branch>();
  readonly #tools = new Map<string, Branch>();

  constructor(histogram: FastHistogram, knownTools: () => ReadonlySet<string>) {
    this.#histogram = histogram;
    this.#knownTools = knownTools;
  }

  /** `failure` and `tool` as in the `request-finished` event. */
  observe(
    method: string,
    tool: string | undefined,
    failure: string | undefined,
    protocolVersion: string,
    seconds: number,
  ): void {
    this.#find(method, tool, failure, protocolVersion).observe(seconds);
  }

  #find(
    method: string,
    tool: string | undefined,
    failure: string | undefined,
    protocolVersion: string,
  ): FastHistogramChild {
    const isToolCall = method === 'tools/call';
    const branch = isToolCall ? this.#tools.get(tool ?? '') : this.#methods.get(method);
    const child = branch?.get(protocolVersion)?.get(failure);
    if (child !== undefined) return child;

    const toolLabel = isToolCall ? this.#toolLabel(tool) : '';
    return this.#childOf(
      isToolCall ? this.#tools : this.#methods,
      isToolCall ? toolLabel : methodLabel(method),
      failure === undefined ? undefined : errorTypeLabel(failure),
      protocolVersionLabel(protocolVersion),
      toolLabel,
    );
  }

  /** The child for values that have become label values: each map contains only members of a closed set. */
  #childOf(
    branches: Map<string, Branch>,
    key: string,
    failure: string | undefined,
    protocolVersion: string,
    toolLabel: string,
  ): FastHistogramChild {
    const branch = getOrInsert(branches, key, () => new Map());
    const failures = getOrInsert(branch, protocolVersion, () => new Map());
    return getOrInsert(failures, failure, () =>
      this.#histogram.child({
        mcp_method_name: branches === this.#tools ? 'tools/call' : key,
        gen_ai_tool_name: toolLabel,
        error_type: failure ?? '',
        network_transport: 'tcp',
        mcp_protocol_version: protocolVersion,
      }),
    );
  }

  #toolLabel(tool: string | undefined): string {
    if (tool === undefined || !this.#knownTools().has(tool)) return OTHER;
    return this.#tools.has(tool) || this.#tools.size < MAX_TOOL_LABELS ? tool : OTHER;
  }
}

function getOrInsert<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
