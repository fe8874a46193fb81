/** Finds what looks like a secret in an entry. Only literal values count: `${VAR}` reveals nothing. */

const SECRET_NAME = /key|token|secret|passw|pwd|credential|auth|cookie|dsn|private|signature/i;
/** The beginnings of tokens, by their issuers' conventions. */
const SECRET_PREFIXES = [
  ...['sk-', 'sk_', 'rk_', 'ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_', 'glpat-', 'npm_', 'hf_'],
  ...['xoxa-', 'xoxb-', 'xoxp-', 'xoxr-', 'xoxs-', 'shpat_', 'lin_api_', 'ntn_', 'AKIA', 'eyJ', 'Bearer '],
];
const NO_SECRET = /^(?:true|false|none|null|\d{1,5})$/i;
const FLAG = /^--?([\w-]+)(?:=(.+))?$/s;
/** A shorter text cannot be hidden without also hiding words that mean something else. */
const MIN_LENGTH = 4;
/** Outside of the moved entries, some words are wrongly taken for names of secrets, so short values are not hidden there. */
const MIN_ANYWHERE_LENGTH = 8;

export interface EntryTexts {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The values that look like secrets, without duplicates. */
export function secretsOf({ args, env }: EntryTexts): string[] {
  const found = new Set<string>();
  for (const [name, value] of Object.entries(env)) {
    if (isLiteral(value) && (SECRET_NAME.test(name) || hasSecretForm(value))) found.add(value);
  }
  args.forEach((argument, index) => {
    const [, flag = '', value] = FLAG.exec(argument) ?? [];
    const next = value ?? args[index + 1];
    if (SECRET_NAME.test(flag) && next !== undefined && isLiteral(next) && !next.startsWith('-'))
      found.add(next);
    if (isLiteral(argument) && hasSecretForm(argument)) found.add(argument);
  });
  return [...found];
}

/** The values that may be secrets anywhere in a file's content: those below a key whose name says so, and those of their form. */
export function secretsWithin(content: unknown): string[] {
  const found: string[] = [];
  const waiting: [value: unknown, isNamed: boolean][] = [[content, false]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [value, isNamed] = next;
    if (typeof value === 'string') {
      if (value.length >= MIN_ANYWHERE_LENGTH && isLiteral(value) && (isNamed || hasSecretForm(value)))
        found.push(value);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        waiting.push([inner, isNamed || (!Array.isArray(value) && SECRET_NAME.test(key))]);
      }
    }
  }
  return found;
}

/** Names of variables that servers may need and that the gateway does not pass on by default. */
export function notableVariables(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(environment)
    .filter((name) => !name.startsWith('BULKHEAD_') && (SECRET_NAME.test(name) || /proxy$/i.test(name)))
    .filter((name) => !/^(?:SSH_AUTH_SOCK|XAUTHORITY|PWD|OLDPWD)$/.test(name))
    .sort();
}

/** The text without these secrets, in their JSON form or unchanged. */
export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  let result = text;
  // The longest first, because one may be a part of another.
  for (const secret of [...secrets].sort((one, other) => other.length - one.length)) {
    for (const form of new Set([JSON.stringify(secret).slice(1, -1), secret])) {
      result = result.replaceAll(form, '(not shown)');
    }
  }
  return result;
}

/** Includes addresses that contain a password. */
function hasSecretForm(value: string): boolean {
  if (SECRET_PREFIXES.some((prefix) => value.startsWith(prefix))) return true;
  return URL.canParse(value) && new URL(value).password !== '';
}

function isLiteral(value: string): boolean {
  return value.length >= MIN_LENGTH && !value.includes('${') && !NO_SECRET.test(value);
}
