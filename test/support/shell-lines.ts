/** What is typed in a block of a shell session, as far as the documentation's tests have to understand a shell. */

/** What redirects, a word with or without quotes, what separates commands, or a comment. */
const TOKEN = /\s*(?:(\d?[<>]+&?)|((?:'[^']*'|"[^"]*"|\\.|[^\s'"\\|;&<>#]|(?<=\S)#)+)|(&&|\|\|?|;|&)|(#.*))/y;

/** The commands of a `console` block: its lines that begin with `$ `, each with the output below it. */
export function typedIn(session: string): { readonly line: string; readonly output: string }[] {
  return session
    .replaceAll(/\\\n/g, ' ')
    .split(/^\$ /m)
    .slice(1)
    .map((entry) => {
      const [line = '', ...output] = entry.split(/(?<=\n)/);
      return { line: line.trimEnd(), output: output.join('') };
    });
}

/**
 * The words of each simple command of a line, without variables before it, redirections and comments.
 * @throws {Error} for what it does not understand, such as a quotation mark that is not closed
 */
export function commandsOf(line: string): string[][] {
  const commands: string[][] = [[]];
  let redirected = false;
  TOKEN.lastIndex = 0;
  const end = line.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(line);
    if (match === null) throw new Error(`Not understood from "${line.slice(at)}" on: ${line}`);
    const [, redirection, word, separator] = match;
    const words = commands.at(-1) as string[];
    if (separator !== undefined) commands.push([]);
    else if (word !== undefined && !redirected && !(words.length === 0 && /^[A-Z_]+=/.test(word)))
      words.push(word.replaceAll(/'([^']*)'|"([^"]*)"|\\(.)/g, '$1$2$3'));
    redirected = redirection !== undefined;
  }
  return commands.filter((words) => words.length > 0);
}

/** The arguments of `bulkhead`, however it is started; `undefined` for any other command. */
export function bulkheadArguments(words: readonly string[]): readonly string[] | undefined {
  const own = words[0] === 'npx' ? words.slice(words[1] === '-y' ? 2 : 1) : words;
  return own[0] === 'bulkhead' || own[0] === 'mcp-bulkhead' ? own.slice(1) : undefined;
}
