/**
 * A bundle as a debugger needs it: with its source map in the text that threads run, so that breakpoints can be set in the
 * original files. Elsewhere the map stays on the main thread, because each thread would hold it.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sharedCopy } from '../isolation/port/shared-counters.js';
import { isDebugged } from '../shared/debugged.js';
import type { BundledModule } from './bundle-parts.js';

interface SourceMap {
  readonly version: 3;
  readonly names: readonly string[];
  readonly mappings: string;
  readonly sources: readonly string[];
}

interface SectionedMap {
  readonly version: 3;
  readonly sections: readonly {
    readonly offset: { readonly line: number; readonly column: number };
    readonly map: SourceMap;
  }[];
}

/** The bundle itself, unless a debugger may need the map. */
export async function debuggable(bundle: BundledModule): Promise<BundledModule> {
  if (!isDebugged()) return bundle;
  const folder = dirname(bundle.filename);
  const { sections } = JSON.parse(bundle.sourceMap) as SectionedMap;
  const withContents = await Promise.all(
    sections.map(async ({ offset, map }) => ({ offset, map: await withFiles(map, folder) })),
  );
  const [first] = withContents;
  // Debuggers know the plain form best.
  const map =
    first !== undefined && withContents.length === 1
      ? { ...first.map, mappings: ';'.repeat(first.offset.line) + first.map.mappings }
      : { version: 3, sections: withContents };
  const url = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
  const text = Buffer.concat([bundle.text, Buffer.from(`\n//# sourceMappingURL=${url}`)]);
  return { ...bundle, text: sharedCopy(text) };
}

/** Its sources as URLs, with their texts: a debugger may run on another machine, and Chrome reads no files. */
async function withFiles(
  map: SourceMap,
  folder: string,
): Promise<SourceMap & { sourcesContent: (string | null)[] }> {
  const files = map.sources.map((source) => resolve(folder, source));
  return {
    ...map,
    sources: files.map((file) => pathToFileURL(file).href),
    sourcesContent: await Promise.all(files.map(contentOf)),
  };
}

/** Parts that only the bundle has, such as its entry, are not on disk. */
async function contentOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
