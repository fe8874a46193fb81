/** Names with `*`, which stands for any characters, and `?`, which stands for one. There is no other notation. */

/** More is no name: neither of a tool (2025-11-25, "Tool Names": 128 characters) nor of a resource. */
export const MAX_NAME_CHARS = 2_048;

export type Matcher = (name: string) => boolean;

/** Whether one of the globs matches the whole name. They are looked at once, so that most comparisons are simple ones. */
export function globMatcher(globs: readonly string[]): Matcher {
  const names = new Set<string>();
  const beginnings: string[] = [];
  const others: string[] = [];
  for (const glob of globs) {
    const wild = /[*?]/.exec(glob)?.index;
    if (wild === undefined) names.add(glob);
    else if (wild === glob.length - 1 && glob.endsWith('*')) beginnings.push(glob.slice(0, -1));
    else others.push(glob);
  }
  return (name) => {
    if (name.length > MAX_NAME_CHARS) return false;
    if (names.has(name)) return true;
    return (
      beginnings.some((beginning) => name.startsWith(beginning)) ||
      others.some((glob) => matchesGlob(glob, name))
    );
  };
}

/**
 * Whether the glob matches the whole name. It takes at most the product of both lengths: only the latest `*` is tried again,
 * because an earlier one could match nothing more.
 */
function matchesGlob(glob: string, name: string): boolean {
  let inGlob = 0;
  let inName = 0;
  let star = -1;
  let afterStar = 0;
  while (inName < name.length) {
    if (glob[inGlob] === '*') {
      star = inGlob;
      afterStar = inName;
      inGlob += 1;
    } else if (glob[inGlob] === '?' || glob[inGlob] === name[inName]) {
      inGlob += 1;
      inName += 1;
    } else if (star !== -1) {
      afterStar += 1;
      inName = afterStar;
      inGlob = star + 1;
    } else return false;
  }
  while (glob[inGlob] === '*') inGlob += 1;
  return inGlob === glob.length;
}
