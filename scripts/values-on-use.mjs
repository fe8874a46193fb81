// Makes values that a text computes at its start when they are first used: each becomes a getter of one object.
import { transform } from 'esbuild';

/**
 * A class has its getters from V8 at once and cheaply. The first use of a value puts it in front of its getter.
 * @param holder a name that the text has not
 * @param values expressions by name
 */
export function valuesOnUse(holder, values) {
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

/** Names without a declaration become members of the holder; esbuild knows which mention is which. */
export async function replaceNames(text, holder, names, options) {
  const define = Object.fromEntries([...names].map((name) => [name, `${holder}.${name}`]));
  return (await transform(text, { define, target: 'node20.19', ...options })).code;
}
