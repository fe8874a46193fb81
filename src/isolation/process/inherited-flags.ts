/**
 * Which of the gateway's flags of Node and V8 the process of a module gets as well: those that say how modules are
 * loaded, such as `--import` and `--conditions`, as in a thread.
 */

/**
 * Flags that are the gateway's own: they run a text, open a port, write a file, size its heap, or read variables, of
 * which one may be its token.
 */
const OWN =
  /^(?:--(?:eval|print|check|interactive|input-type|env-file|inspect|debug|cpu-prof|heap-prof|heapsnapshot|prof|report|max[-_]|min[-_]|title|test|watch)|-[epcip]+$)/;
/** Own flags whose value may be the next argument. */
const WITH_VALUE = /^(?:--(?:eval|print|env-file|env-file-if-exists|title|input-type|watch-path)|-p?e|-p)$/;

/** @param flags `process.execArgv` */
export function inheritedFlags(flags: readonly string[]): string[] {
  return flags.filter((flag, index) => {
    const before = flags[index - 1];
    return !OWN.test(flag) && !(before !== undefined && WITH_VALUE.test(before));
  });
}
