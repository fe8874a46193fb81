import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';
import { Registry } from 'prom-client';
import { LOAD_FLAG_NAMES, LOAD_FLAGS } from '../../load/load-options.js';
import { ALWAYS_HELD } from '../../load/report/expectations.js';
import { OPTION_NAMES, OPTION_TABLE, type OptionRow } from '../../src/config/option-table.js';
import { createCatalogue } from '../../src/telemetry/metrics/catalogue.js';
import { registerProcessMetrics } from '../../src/telemetry/metrics/process-metrics.js';
import { projectRoot } from '../support/project.js';

function page(name: string): string {
  return readFileSync(join(projectRoot, name), 'utf8');
}

/** The cells of every table row whose first cell is code, by that code. */
function tableRows(text: string): Map<string, string[]> {
  const rows = [...text.matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)];
  return new Map(rows.map(([, name, rest]) => [name!, rest!.split(' | ').map((cell) => cell.trim())]));
}

describe('README.md', () => {
  const section =
    page('README.md')
      .split(/^## /m)
      .find((part) => part.startsWith('Options\n')) ?? '';
  const rows = tableRows(section);

  it('lists every option, in the order of the help text, and no other', () => {
    expect([...rows.keys()]).to.deep.equal(OPTION_NAMES);
  });

  for (const name of OPTION_NAMES) {
    it(`tells the default and the meaning of ${name} as the help text does`, () => {
      const row: OptionRow = OPTION_TABLE[name];
      expect(rows.get(name)).to.deep.equal([row.defaultText ?? row.default ?? 'none', row.help]);
    });
  }
});

describe('docs/load-testing.md', () => {
  const section =
    page('docs/load-testing.md')
      .split(/^## /m)
      .find((part) => part.startsWith('Flags\n')) ?? '';
  const rows = tableRows(section);

  it('lists every flag, in the order of the help text, with its default and meaning', () => {
    const documented = LOAD_FLAG_NAMES.map((name) => {
      const flag = LOAD_FLAGS[name];
      return [name, ['defaultText' in flag ? flag.defaultText : flag.default, flag.help]];
    });
    expect([...rows]).to.deep.equal(documented);
  });

  it('names every threshold that is always held', () => {
    for (const threshold of ALWAYS_HELD) {
      expect(page('docs/load-testing.md')).to.include(`\`${threshold}\``);
    }
  });
});

describe('docs/metrics.md', () => {
  it('lists every metric with its type, and no other', async () => {
    const registry = new Registry();
    createCatalogue(registry, () => {});
    if (process.platform === 'linux') registerProcessMetrics(registry);
    const served = (await registry.getMetricsAsJSON()) as unknown as { name: string; type: string }[];
    const [tables = ''] = page('docs/metrics.md').split('## Label values');
    const documented = [...tableRows(tables)].map(([name, [type]]) => ({ name, type }));
    const expected = served.map(({ name, type }) => ({ name, type }));
    expect(documented).to.have.deep.members(expected);
  });
});

describe('the pages', () => {
  const pages = [
    'README.md',
    'CHANGELOG.md',
    ...readdirSync(join(projectRoot, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name)),
  ];
  for (const name of pages) {
    it(`${name} links to files that exist`, () => {
      const prose = page(name).replace(/^```.*?^```$/gms, '');
      const targets = [...prose.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target]) => target!);
      const missing = targets.filter(
        (target) => !existsSync(resolve(projectRoot, dirname(name), decodeURI(target))),
      );
      expect(missing).to.deep.equal([]);
    });
  }
});
