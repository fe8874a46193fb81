/**
 * The text of a dependency with its pieces replaced, each where it first occurs, one after the other.
 * @param replacements pairs of what has to be found and what takes its place
 * @param names what to call the text, and the script that knows it, should a new version of it lack a piece
 */
export function replaceEach(text, replacements, { file, script }) {
  let changed = text;
  for (const [found, replacement] of replacements) {
    if (!changed.includes(found)) throw new Error(`${file} has no "${found}": see scripts/${script}`);
    changed = changed.replace(found, replacement);
  }
  return changed;
}
