/**
 * What the audit log shows of a call's arguments. Values of members whose names say that they are secret are left out, and so is
 * what the configuration's patterns match. A pattern may take exponential time, so they run with a time limit.
 */
import { createContext, Script } from 'node:vm';
import { cut } from '../../shared/errors.js';
import { globMatcher, type Matcher } from '../../shared/glob.js';
import { patternIn } from '../../shared/redaction-pattern.js';

/** Of the request; of a longer one, nothing is shown. */
const MAX_BODY_CHARS = 64 * 1024;
const MAX_TEXT_CHARS = 1_000;
/** For all texts of a call. The main thread waits. */
const PATTERNS_TIMEOUT_MS = 100;
const REDACTED = '[redacted]';

/** Parts of members' names, in lower case, without `-` and `_`. */
const SECRET_NAMES = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'apikey',
  'authorization',
  'cookie',
  'credential',
  'privatekey',
];

export class Redaction {
  readonly #isNamed: Matcher;
  readonly #replace: ((texts: string[]) => string[]) | undefined;

  /** @param redact names of members, which may be globs, and patterns between slashes */
  constructor(redact: readonly string[]) {
    const patterns = redact.flatMap((written) => patternIn(written) ?? []);
    const names = redact.filter((written) => patternIn(written) === undefined);
    this.#isNamed = globMatcher(names.map((name) => name.toLowerCase()));
    this.#replace = patterns.length === 0 ? undefined : replacer(patterns);
  }

  /**
   * @param body a request as JSON
   * @returns `params.arguments` without what must not be shown; a text that says why, if nothing can be
   */
  arguments(body: string): unknown {
    if (body.length > MAX_BODY_CHARS) return `[not recorded: the request has ${body.length} characters]`;
    const { params } = JSON.parse(body) as { readonly params?: { readonly arguments?: unknown } };
    const texts: string[] = [];
    // The depth of a request is limited where it is parsed.
    const named = JSON.stringify(params?.arguments ?? {}, (key, value: unknown) => {
      if (this.#isSecret(key)) return REDACTED;
      if (typeof value === 'string') texts.push(value);
      return value;
    });
    const replaced = this.#replaced(texts);
    if (replaced === undefined) return '[not recorded: the patterns of audit-redact take too long]';
    const byText = new Map(
      texts.map((text, index) => [text, cut(replaced[index] ?? REDACTED, MAX_TEXT_CHARS)]),
    );
    return JSON.parse(named, (_key, value: unknown) =>
      typeof value === 'string' ? (byText.get(value) ?? value) : value,
    );
  }

  #isSecret(key: string): boolean {
    const lower = key.toLowerCase();
    const plain = lower.replace(/[-_]/g, '');
    return SECRET_NAMES.some((name) => plain.includes(name)) || this.#isNamed(lower);
  }

  #replaced(texts: string[]): string[] | undefined {
    if (this.#replace === undefined) return texts;
    try {
      return this.#replace(texts);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
      throw error;
    }
  }
}

/** V8 can interrupt an expression that backtracks, but only in a script that has a time limit. */
function replacer(patterns: readonly string[]): (texts: string[]) => string[] {
  const context = createContext({ patterns: [...patterns], texts: [] as string[], REDACTED });
  new Script("patterns = patterns.map((source) => new RegExp(source, 'gu'))").runInContext(context);
  const script = new Script(
    'texts.map((text) => patterns.reduce((left, pattern) => left.replace(pattern, REDACTED), text))',
  );
  return (texts) => {
    context.texts = texts;
    const replaced = script.runInContext(context, { timeout: PATTERNS_TIMEOUT_MS }) as string[];
    return Array.from(replaced, String);
  };
}
