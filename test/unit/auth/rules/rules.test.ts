import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Principal, principalOf } from '../../../../src/auth/principal.js';
import { Rules } from '../../../../src/auth/rules/rules.js';
import type { Standing } from '../../../../src/auth/rules/standing.js';
import { readRules, readScopeIncludes } from '../../../../src/config/read-rules.js';
import { viewedResponse } from '../../../../src/shared/list-view.js';
import { projectRoot } from '../../../support/project.js';

const TOOLS = ['read_note', 'delete_note', 'debug_dump'];
const ROW = /^\| `(\[.*\])` \| `(\w+)`(?: with `([^`]+)`| in `(\w+)`)? \| (.*) \| (.*) \|$/;

const scopeIncludes = readScopeIncludes({
  admin: ['notes:read', 'notes:write'],
  owner: 'admin',
  a: 'b',
  b: 'a',
});

function principal(subject: string, scopes: readonly string[] = [], claims: object = {}): Principal {
  return principalOf({
    kind: 'jwt',
    issuer: 'https://issuer.example',
    subject,
    scopes,
    claims: { ...claims },
  });
}

function standingOf(rules: unknown, who: Principal, server = 'notes'): Standing {
  const given = { rules: readRules(rules), scopeIncludes, policy: 'enforce' } as const;
  return new Rules(given).standing(who, server);
}

function listed(standing: Standing): string {
  if (standing.barred !== undefined) return 'none';
  const body = JSON.stringify({ result: { tools: TOOLS.map((name) => ({ name })) }, id: 1, jsonrpc: '2.0' });
  const seen = standing.view === undefined ? body : viewedResponse(standing.view, body);
  const names = JSON.parse(seen).result.tools.map(({ name }: { name: string }) => name);
  return names.length === TOOLS.length ? 'all' : names.length === 0 ? 'none' : `\`${names.join(' ')}\``;
}

function called(standing: Standing, name = 'delete_note'): string {
  const verdict = standing.verdict([{ kind: 'tools', name }]);
  if (verdict === undefined) return 'served';
  if (!verdict.denied) return `needs \`${verdict.needed.join(' ')}\``;
  return standing.barred === undefined ? 'unknown' : 'barred';
}

describe('Rules', () => {
  const rows = readFileSync(join(projectRoot, 'docs', 'rules.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `['));

  it('have examples in docs/rules.md', () => expect(rows).to.have.length(19));

  for (const row of rows) {
    const [, rules = '', subject = '', scope, group, tools, call] = ROW.exec(row) ?? [];
    it(`mean what the documentation says: ${rules} for ${subject} ${scope ?? group ?? ''}`, () => {
      const who = principal(subject, scope?.split(' '), group === undefined ? {} : { groups: [group] });
      const standing = standingOf(JSON.parse(rules), who);
      expect(listed(standing)).to.equal(tools);
      expect(called(standing)).to.equal(call);
    });
  }

  it('count scopes that others include, over several steps and in circles', () => {
    const rules = [{ tools: '*', scopes: 'notes:write' }];
    expect(called(standingOf(rules, principal('ada', ['owner'])))).to.equal('served');
    expect(called(standingOf(rules, principal('ada', ['a'])))).to.equal('needs `notes:write`');
    expect(called(standingOf([{ tools: '*', scopes: 'a' }], principal('ada', ['b'])))).to.equal('served');
  });

  it('find claims in objects, and by a name that has a dot', () => {
    const rules = [{ effect: 'allow', claim: { 'realm_access.roles': 'x' } }];
    const with_ = (claims: object): string => called(standingOf(rules, principal('ada', [], claims)));
    expect(with_({ realm_access: { roles: ['w', 'x'] } })).to.equal('served');
    expect(with_({ 'realm_access.roles': 'x' })).to.equal('served');
    expect(with_({ realm_access: 'x' })).to.equal('barred');
    expect(with_({})).to.equal('barred');
  });

  it('take values of claims by type: the number 1 is not the text "1"', () => {
    const rules = [{ effect: 'allow', claim: { level: 1 } }];
    expect(called(standingOf(rules, principal('ada', [], { level: 1 })))).to.equal('served');
    expect(called(standingOf(rules, principal('ada', [], { level: '1' })))).to.equal('barred');
  });

  it('ask for the scopes of a whole server already with requests that name nothing', () => {
    const standing = standingOf([{ servers: 'notes', scopes: 'notes:use' }], principal('ada'));
    expect(standing.verdict([])).to.deep.include({ denied: false, needed: ['notes:use'] });
    expect(standingOf([{ tools: '*', scopes: 'x' }], principal('ada')).verdict([])).to.equal(undefined);
  });

  it('name the rule that denies, and none where no rule allows', () => {
    const rules = [
      { effect: 'allow', tools: '*_note' },
      { effect: 'deny', tools: 'delete_*' },
    ];
    const standing = standingOf(rules, principal('ada'));
    expect(standing.verdict([{ kind: 'tools', name: 'delete_note' }])).to.include({ rule: 1 });
    expect(standing.verdict([{ kind: 'tools', name: 'other' }])).to.include({ rule: undefined });
  });

  it('are about prompts and resources in the same way', () => {
    const rules = [{ effect: 'allow', tools: '*', resources: 'note:///public/*' }];
    const standing = standingOf(rules, principal('ada'));
    const verdict = (kind: 'prompts' | 'resources', name: string) =>
      standing.verdict([{ kind, name }])?.denied;
    expect(verdict('resources', 'note:///public/a')).to.equal(undefined);
    expect(verdict('resources', 'note:///private/a')).to.equal(true);
    expect(verdict('prompts', 'any')).to.equal(true);
  });

  it('take little time for globs that are made to take long', () => {
    const standing = standingOf([{ effect: 'deny', tools: `${'*a'.repeat(99)}*b` }], principal('ada'));
    const before = performance.now();
    expect(called(standing, 'a'.repeat(2_000))).to.equal('served');
    expect(performance.now() - before).to.be.below(500);
  });

  it('never let a name pass that is longer than any name', () => {
    const standing = standingOf([{ effect: 'deny', tools: 'x' }], principal('ada'));
    expect(called(standing, 'a'.repeat(3_000))).to.equal('unknown');
  });
});
