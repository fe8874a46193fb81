/** One statement about modules or strict code, and the files that show it. */
export interface Row {
  readonly what: string;
  /** By name. The first is the server module; its default export, or what that returns if it is a function, is the outcome. */
  readonly files: Readonly<Record<string, string>>;
  /** As JSON. A module that cannot be imported has `{ fails: <the error's name> }`. */
  readonly outcome: unknown;
  /** Whether it runs from a bundle; otherwise its files are imported, and the log says why. */
  readonly bundled: boolean;
}

/** Returns the name of what a function throws. */
const ATTEMPT = 'const attempt = (run) => { try { return run(); } catch (error) { return error.name; } };';

/** @param code of the module, or its files; an expression in it that is `attempt(…)` gives the error's name */
export function row(
  what: string,
  code: string | Readonly<Record<string, string>>,
  outcome: unknown,
  { bundled = true } = {},
): Row {
  const files = typeof code === 'string' ? { 'server.mjs': code } : code;
  const named = Object.entries(files).map(([name, text]) => [
    name,
    text.includes('attempt(') ? `${ATTEMPT}\n${text}` : text,
  ]);
  return { what, files: Object.fromEntries(named), outcome, bundled };
}

/** For code that is imported as files, because a bundle would be different. */
export const AS_FILES = { bundled: false };
