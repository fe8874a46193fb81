/** Links of the documentation: no dead one, and no page that nobody finds. */
import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { expect } from 'chai';
import { anchorsOf, PAGES, proseOf } from '../../support/pages.js';
import { projectRoot } from '../../support/project.js';

interface Link {
  readonly text: string;
  /** From the root of the project. */
  readonly target: string;
  readonly anchor: string | undefined;
}

function linksOf(page: string): Link[] {
  return [...proseOf(page).matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)].map(([, text = '']) => {
    const [path = '', anchor] = decodeURI(text).split('#');
    return { text, target: path === '' ? page : posix.join(dirname(page), path), anchor };
  });
}

describe('links of the pages', () => {
  for (const page of PAGES) {
    it(`${page} links to files and headings that exist`, () => {
      const dead = linksOf(page).filter(({ target, anchor }) => {
        if (!existsSync(join(projectRoot, target))) return true;
        return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor);
      });
      expect(dead.map(({ text }) => text)).to.deep.equal([]);
    });
  }

  it('lead from the index to every page of docs, and from the README to the index', () => {
    const targetsOf = (page: string) => linksOf(page).map(({ target }) => target);
    const pages = PAGES.filter((page) => /^docs\/[^/]+$/.test(page) && page !== 'docs/README.md');
    expect(targetsOf('docs/README.md')).to.include.members(pages);
    expect(targetsOf('README.md')).to.include('docs/README.md');
    const decisions = PAGES.filter((page) => /^docs\/adr\/\d/.test(page));
    expect(targetsOf('docs/adr/README.md')).to.include.members(decisions);
  });
});
