/** `/…/` */
const PATTERN = /^\/(.+)\/$/s;

/**
 * The regular expression between slashes that an option has instead of a name.
 * @returns `undefined` if it is a name, `null` if it is no regular expression
 */
export function patternIn(written: string): string | undefined | null {
  const source = PATTERN.exec(written)?.[1];
  if (source === undefined) return undefined;
  try {
    new RegExp(source, 'gu');
  } catch {
    // Whoever asks says what it should have been.
    return null;
  }
  return source;
}
