/**
 * A matcher for file names: `*` and `?` stay inside one name, `**` crosses folders, `[abc]` and `{a,b}` are sets. A
 * pattern without `/` is compared with the name alone, one with `/` with the whole relative path. `path.matchesGlob` is
 * not used because it is newer than the oldest supported Node.
 */
export function namePattern(pattern: string): (relativePath: string) => boolean {
  const expression = new RegExp(`^${translate(pattern)}$`);
  if (pattern.includes('/')) return (path) => expression.test(path);
  return (path) => expression.test(path.slice(path.lastIndexOf('/') + 1));
}

const TOKEN = /\*\*\/|\*\*|\*|\?|\[(!?)([^\]]+)\]|\{([^{}]*)\}|[\s\S]/g;

function translate(pattern: string): string {
  return pattern.replace(TOKEN, (token, negated: string, set?: string, choices?: string) => {
    if (token === '**/') return '(?:[^/]+/)*';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (set !== undefined) return `[${negated ? '^/' : ''}${set.replace(/[\\^[]/g, '\\$&')}]`;
    if (choices !== undefined) return `(?:${choices.split(',').map(translate).join('|')})`;
    return token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  });
}
