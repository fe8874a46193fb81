#!/usr/bin/env node
/** `npm create mcp-bulkhead` runs this: `bulkhead init`, of the version that has the same number. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const manifest = require.resolve('mcp-bulkhead/package.json');
const bulkhead = join(dirname(manifest), require(manifest).bin.bulkhead);

process.argv.splice(1, 1, bulkhead, 'init');
await import(pathToFileURL(bulkhead).href);
