/**
 * Removes the data from where other code of the thread could find it: from node:worker_threads, and from piscina, which
 * has the same object. The module's text and the code caches are in memory that all threads share, so a tool that wrote
 * to it would break every later session. The limits of the thread are in it as well.
 */
export function taken<Data extends object>(original: Data): Data {
  const copy = { ...original };
  for (const key of Object.keys(original)) Reflect.deleteProperty(original, key);
  return copy;
}
