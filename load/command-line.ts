/** The command line of a run as its report shows it: it can be run again, and holds no secret. */
import { type GivenLoadFlags, LOAD_FLAG_NAMES, LOAD_FLAGS } from './load-options.js';
import { shellWord } from './shell-word.js';
import { withoutUserInfo } from './shown-url.js';

const HIDDEN = '***';

/** @param given as it was written, without what comes from the environment */
export function commandLine(writtenUrl: string, given: GivenLoadFlags): string {
  const words = LOAD_FLAG_NAMES.flatMap((name) =>
    [given[name] ?? []].flat().map((value) => {
      const { argument } = LOAD_FLAGS[name];
      if (argument === '') return `--${name}`;
      if (name === 'token') return `--${name} ${HIDDEN}`;
      const shown = name === 'header' ? withoutValue(String(value)) : withoutUserInfo(String(value));
      return `--${name} ${shellWord(shown)}`;
    }),
  );
  return ['bulkhead load', shellWord(withoutUserInfo(writtenUrl)), ...words].join(' ');
}

/** `X-Api-Key: ***`; `@file` as it is. */
function withoutValue(header: string): string {
  return header.startsWith('@') ? header : `${header.split(':', 1)[0]}: ${HIDDEN}`;
}
