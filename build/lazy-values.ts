/** Makes the top-level values of a script lazy: each becomes a getter of one object. */
import { type TransformOptions, transform } from 'esbuild';

/** The oldest Node that the bundles run on. */
export const TARGET = 'node20.19';

/**
 * A class is used because V8 creates all of its getters at once, and cheaply. The first use of a value defines it on the object,
 * where it hides the getter.
 * @param holder a name that does not occur in the text
 * @param values expressions by name
 */
export function lazyValues(holder: string, values: Readonly<Record<string, string>>): string {
  const getters = Object.entries(values).map(
    ([name, value]) => `get ${name}() { return ${holder}$keep(${JSON.stringify(name)}, ${value}); }`,
  );
  return `const ${holder} = new (class { ${getters.join('\n')} })();
function ${holder}$keep(name, value) {
  Object.defineProperty(${holder}, name, { value });
  return value;
}
`;
}

/** Names without a declaration become members of the holder; esbuild finds out which mentions are meant. */
export async function replaceNames(
  text: string,
  holder: string,
  names: Iterable<string>,
  options?: TransformOptions,
): Promise<string> {
  const define = Object.fromEntries([...names].map((name) => [name, `${holder}.${name}`]));
  return (await transform(text, { define, target: TARGET, ...options })).code;
}
