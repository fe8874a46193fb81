import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Registry } from 'prom-client';
import { ALWAYS_HELD } from '../../load/report/expectations.js';
import { OPTION_NAMES } from '../../src/config/option-table.js';
import { createCatalogue } from '../../src/telemetry/metrics/catalogue.js';
import * as labels from '../../src/telemetry/metrics/labels.js';
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

describe('the tables of options and flags', () => {
  it('are what the code says', () => {
    const script = join(projectRoot, 'scripts/option-tables.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
  });

  it('list every option, in the order of the help text', () => {
    const [, generated = ''] = page('docs/options.md').split('<!-- Generated');
    expect([...tableRows(generated).keys()]).to.deep.equal(OPTION_NAMES);
  });
});

describe('docs/load-testing.md', () => {
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

  it('has every value of the labels whose values are fixed', () => {
    const [, section = ''] = page('docs/metrics.md').split('## Label values');
    const sets = Object.values(labels).filter((value) => Array.isArray(value));
    expect(sets).to.include(labels.REJECTION_REASONS);
    const missing = sets.flat().filter((value) => !section.includes(`\`${value}\``));
    expect(missing).to.deep.equal([]);
  });
});
