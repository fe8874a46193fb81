/**
 * Whether a debugger may stop this process's threads: its inspector is open, by `bulkhead serve --inspect`, by `node
 * --inspect`, or because an editor has started it. A thread that stands at a breakpoint answers nothing, and must not be
 * taken for one that hangs.
 */
export function isDebugged(): boolean {
  return inspectorAddress() !== undefined;
}

/** The inspector's address without its path, which is a secret; `undefined` if it is not open. */
export function inspectorAddress(): string | undefined {
  // A build of Node may have none, and then refuses to load the module.
  if (!process.features.inspector) return undefined;
  const url = process.getBuiltinModule('node:inspector').url();
  return url === undefined ? undefined : new URL(url).host;
}
