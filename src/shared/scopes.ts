/** Scopes as OAuth has them (RFC 6749, section 3.3). */

/** Visible ASCII without `"` and `\`. */
const SCOPE = /^[!#-[\]-~]{1,200}$/;

export function isScope(given: unknown): given is string {
  return typeof given === 'string' && SCOPE.test(given);
}

/**
 * The scopes of a token: `scope` is a text with spaces (RFC 8693, section 4.2), or an array where an authorization server
 * writes it so; `scp` is what several write instead.
 */
export function scopesOf({ scope, scp }: Readonly<Record<string, unknown>>): readonly string[] {
  const given = scope ?? scp;
  const list = typeof given === 'string' ? given.split(' ') : Array.isArray(given) ? given : [];
  return list.filter(isScope);
}
