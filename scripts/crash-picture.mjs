// Records two clients of one gateway, one of which calls tools that hang and crash, and draws what each of them saw.
// Usage: node scripts/crash-picture.mjs [file], after a build. The file is docs/crash.svg unless another one is named.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { draw } from './crash-picture/draw.mjs';
import { record } from './crash-picture/record.mjs';

const file = process.argv[2] ?? join(import.meta.dirname, '..', 'docs', 'crash.svg');
writeFileSync(file, draw(await record()));
