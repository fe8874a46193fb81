/**
 * Descriptions of schemas that come from a module's own copy of zod.
 *
 * zod 4 keeps a schema's description, title and examples in a registry, and `tools/list` reads the registry of the zod
 * with which it was bundled. Copies from zod 4.1 on share one registry through `globalThis`. An older copy has its own,
 * which only the schema's own `meta()` can read.
 */
import { globalRegistry } from 'zod/v4/core';

type Metadata = ReturnType<typeof globalRegistry.get>;

let installed = false;

/** Makes the registry of this thread ask the schema itself for what it does not know. */
export function keepForeignDescriptions(): void {
  if (installed) return;
  installed = true;
  const known = globalRegistry.get.bind(globalRegistry);
  let asking = false;
  const get = (schema: Parameters<typeof globalRegistry.get>[0]): Metadata => {
    const metadata = known(schema);
    // A copy that shares the registry asks it in turn, which would never end.
    if (metadata !== undefined || asking) return metadata;
    const { meta } = schema as { meta?: unknown };
    if (typeof meta !== 'function') return undefined;
    asking = true;
    try {
      return meta.call(schema) as Metadata;
    } finally {
      asking = false;
    }
  };
  globalRegistry.get = get as typeof globalRegistry.get;
}
