/** docs/embedding.md names everything that an embedding program can use. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readPage } from '../../support/pages.js';
import { projectRoot } from '../../support/project.js';

const page = readPage('docs/embedding.md');

/** The names of the members of an interface, which are indented by two spaces. */
function membersOf(file: string, name: string): string[] {
  const text = readFileSync(join(projectRoot, 'src', file), 'utf8');
  const [, body] = new RegExp(`export interface ${name} [^{]*\\{\\n(.*?)\\n\\}`, 's').exec(text) ?? [];
  const found = [...(body ?? '').matchAll(/^ {2}(?:readonly )?'?([\w-]+)'?[?]?[:(]/gm)];
  return found.map(([, member = '']) => member);
}

function codesOf(file: string): string[] {
  const text = readFileSync(join(projectRoot, 'src', file), 'utf8');
  return [...text.matchAll(/\| '(ERR_BULKHEAD_\w+)'/g)].map(([, code = '']) => code);
}

describe('the page about embedding', () => {
  for (const [what, names, atLeast] of [
    ['events', membersOf('telemetry/events.ts', 'GatewayEvents'), 30],
    ['members of the gateway', membersOf('gateway.ts', 'EmbeddedGateway'), 14],
    ['options that only a program can give', membersOf('program-options.ts', 'ProgramOptions'), 5],
    ['codes of errors', codesOf('shared/errors.ts'), 8],
  ] as const) {
    it(`has all ${what}`, () => {
      expect(names.length).to.be.at.least(atLeast);
      const missing = names.filter((name) => !new RegExp(`\`${name}[\`(]`).test(page));
      expect(missing).to.deep.equal([]);
    });
  }
});
