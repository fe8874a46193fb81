import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../../src/cli/failure.js';
import { JSON_RPC } from '../../src/protocol/json-rpc-error.js';
import { STATELESS_CODE } from '../../src/shared/stateless-protocol.js';
import { REJECTION_REASONS } from '../../src/telemetry/metrics/labels.js';
import { inSources } from '../pins/pinned.js';
import { projectRoot } from '../support/project.js';

const page = readFileSync(join(projectRoot, 'docs', 'troubleshooting.md'), 'utf8');

/** The first cells of the tables below this heading. */
function firstCells(heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| ([^|]+) \|/gm)].map(([, cell = '']) => cell).slice(2);
}

function named(heading: string): string[] {
  return firstCells(heading).flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

describe('docs/troubleshooting.md', () => {
  it('has each code of an error', () => {
    const thrown = inSources(['src', 'workers'], /'(ERR_BULKHEAD_[A-Z_]+)'/g);
    expect(named('Codes of errors').sort()).to.deep.equal([...new Set(thrown)].sort());
  });

  it('has each code of JSON-RPC with which the gateway or a server answers', () => {
    const codes = [...Object.values(JSON_RPC), ...Object.values(STATELESS_CODE), -32042].map(String);
    expect(firstCells('Codes of JSON-RPC').sort()).to.deep.equal([...new Set(codes)].sort());
  });

  it('has each reason', () => {
    const union = /export type ErrorReason =([\s\S]*?);\n/.exec(
      readFileSync(join(projectRoot, 'src', 'protocol', 'json-rpc-error.ts'), 'utf8'),
    )?.[1];
    const own = [...(union ?? '').matchAll(/^ {2}\| '([a-z_]+)'/gm)].map(([, name = '']) => name);
    const causes = /`thread_\$\{([^}]+)\}`/.exec(union ?? '')?.[1] ?? '';
    const ends = [...causes.matchAll(/'([a-z_]+)'/g)].map(([, cause]) => `thread_${cause}`);
    expect(own).to.include('duplicate_id');
    expect(ends).to.include('thread_crash');
    expect(new Set(named('Reasons'))).to.deep.equal(new Set([...REJECTION_REASONS, ...own, ...ends]));
  });

  it('has each status', () => {
    const exits = readFileSync(join(projectRoot, 'docs', 'architecture.md'), 'utf8');
    const statuses = [...exits.matchAll(/^\|[^|]+\|[^|]+\|([^|]+)\|/gm)].flatMap(([, cell = '']) => [
      ...cell.matchAll(/\b[2-5]\d\d\b/g),
    ]);
    const rows = firstCells('HTTP statuses');
    for (const [status] of statuses) expect(rows).to.include(status);
    const sent = inSources(['src'], /status: (\d{3})/g);
    for (const status of sent) expect(rows).to.include(status);
  });

  it('has each exit code', () => {
    expect(firstCells('Exit codes')).to.include.members([EXIT_OK, EXIT_FAILED, EXIT_USAGE].map(String));
  });
});
