/**
 * Makes the object that stands for a module in a bundle, like the one that JavaScript has for a module's file: without a
 * prototype, its names sorted, and read-only (ECMA-262, "Module Namespace Exotic Objects").
 *
 * Its source text becomes part of each bundle, so it uses nothing from outside.
 * @param getters of the exports, by name
 */
export function moduleNamespace(getters: Readonly<Record<string, () => unknown>>): object {
  const names = Object.keys(getters).sort();
  const target = Object.create(null) as Record<PropertyKey, unknown>;
  for (const name of names) Object.defineProperty(target, name, { writable: true, enumerable: true });
  Object.defineProperty(target, Symbol.toStringTag, { value: 'Module' });
  Object.preventExtensions(target);
  const isExport = (key: PropertyKey): key is string =>
    typeof key === 'string' && Object.hasOwn(getters, key);
  return new Proxy(target, {
    get: (_, key) => (isExport(key) ? getters[key]?.() : target[key]),
    set: () => false,
    getOwnPropertyDescriptor: (_, key) => {
      // A proxy may only report what its target has.
      if (isExport(key)) Object.defineProperty(target, key, { value: getters[key]?.() });
      return Object.getOwnPropertyDescriptor(target, key);
    },
    defineProperty: (_, key, { configurable, enumerable, writable, get, set, ...rest }) => {
      const current = Object.getOwnPropertyDescriptor(target, key);
      if (current === undefined || configurable === true || get !== undefined || set !== undefined)
        return false;
      if (enumerable !== undefined && enumerable !== current.enumerable) return false;
      if (writable !== undefined && writable !== current.writable) return false;
      const value = isExport(key) ? getters[key]?.() : current.value;
      return !('value' in rest) || Object.is(rest.value, value);
    },
  });
}
