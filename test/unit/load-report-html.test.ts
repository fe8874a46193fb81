import { expect } from 'chai';
import type { LoadReport } from '../../load/load-report.js';
import { judge, parseExpectation } from '../../load/report/expectations.js';
import { htmlReport } from '../../load/report/html-report.js';
import {
  loadPlan,
  loadReport,
  NO_LATENCY,
  operation,
  samplesOf,
  secondsOf,
  serverProcess,
} from '../support/load-report.js';

describe('the HTML report of a load run', () => {
  const pageOf = (changes: Partial<LoadReport> = {}, ...asked: string[]): string => {
    const report = loadReport(changes);
    const expectations = judge(report, asked.map(parseExpectation));
    return htmlReport({ ...report, expectations, passed: expectations.every(({ met }) => met) });
  };
  const textOf = (page: string): string =>
    page.replace(/<style>[^<]*<\/style>/g, '').replace(/<[^>]*>/g, ' ');

  it('is one file: nothing in it is loaded or run', () => {
    const page = pageOf();
    expect(page).to.match(/^<!doctype html>\n<html lang="en">/);
    expect(page).not.to.match(/<(?:script|link|img|iframe|object|embed|base)\b/i);
    expect(page).not.to.match(/\s(?:src|href|on\w+)=|url\(|@import/i);
    expect(page).to.contain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  describe('text that tries to be markup stays text', () => {
    const evil = `<script>alert(1)</script><img src=x onerror="alert(2)">'&\u0000\u0007\ufffe\ud800`;
    const cases: Record<string, Partial<LoadReport>> = {
      'the name of a tool': {
        operations: [operation({ tool: evil })],
        plan: loadPlan({ mix: [{ tool: evil, arguments: { text: evil }, weight: 1 }] }),
      },
      'the name of a method': { operations: [operation({ method: evil, tool: null })] },
      'an error': { errors: { [evil]: 1 }, errorSamples: [{ kind: evil, message: evil }] },
      'the address': { plan: loadPlan({ url: evil }) },
      'a metric': {
        metrics: {
          url: evil,
          figures: [{ name: evil, before: 1, after: 2 }],
          checks: [{ what: evil, client: 1, server: 1, agrees: true }],
        },
      },
      'why the client was the limit': {
        client: { ...loadReport().client, limitedBy: evil },
      },
      'the server, the machine and the command': {
        server: { name: evil, version: evil },
        machine: { ...loadReport().machine, processor: evil, node: evil, system: evil },
        commandLine: evil,
        mixReason: evil,
      },
      'the time and the version': { startedAt: evil, version: evil },
    };
    for (const [what, changes] of Object.entries(cases)) {
      it(what, () => {
        const page = pageOf(changes);
        expect(page).not.to.match(/<script|<img/i);
        expect(page).to.contain('&lt;script&gt;alert(1)&lt;/script&gt;');
        expect(page).to.contain('&quot;alert(2)&quot;');
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that must not be there.
        expect(page).not.to.match(/[\u0000-\u0009\u000b-\u001f\ufffe\uffff]|\p{Cs}/u);
      });
    }

    it('a threshold', () => {
      const page = pageOf({}, '<script>alert(1)</script>.p99<5ms');
      expect(page).not.to.contain('<script');
      expect(page).to.contain('&lt;script&gt;alert(1)&lt;/script&gt;.p99&lt;5ms');
    });
  });

  it('has a title and a description in every chart, each with an id of its own', () => {
    const page = pageOf();
    const charts = [...page.matchAll(/<svg [^>]*aria-labelledby="(\S+) (\S+)"[^>]*>.*?<\/svg>/gs)];
    expect(charts).to.have.length(7);
    for (const [chart, title, description] of charts) {
      expect(chart).to.match(
        new RegExp(`<title id="${title}">[^<]+</title><desc id="${description}">[^<]+</desc>`),
      );
    }
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('has a caption and column names in every table', () => {
    const page = pageOf({ errors: { timeout: 1 } });
    const tables = page.match(/<table>.*?<\/table>/gs) ?? [];
    expect(tables).to.have.length(8);
    for (const each of tables)
      expect(each).to.match(/^<table><caption>[^<]+<\/caption><thead><tr><th scope="col"/);
  });

  it('says in words what passed and what failed, not by colour alone', () => {
    expect(textOf(pageOf())).to.match(/✓\s+passed/);
    const text = textOf(pageOf({ lost: 2 }, 'p99&lt;5ms'.replace('&lt;', '<')));
    expect(text).to.match(/✗\s+failed: p99&lt;5ms \(6\.5 ms\), lost==0 \(2\)/);
    expect(text).to.match(/lost==0\s+2\s+✗ missed/);
    expect(text).to.match(/contaminated==0\s+0\s+✓ met/);
  });

  it('is balanced: each element that is opened is closed', () => {
    const open: string[] = [];
    for (const [, close, name, selfClosed] of pageOf({ errors: { tool: 1 } }).matchAll(
      /<(\/?)([a-z][a-z0-9]*)(?:\s[^<>]*?)?(\/?)>/g,
    )) {
      if (name === 'meta' || name === 'br' || selfClosed === '/') continue;
      if (close === '/') expect(open.pop()).to.equal(name);
      else open.push(name!);
    }
    expect(open).to.deep.equal([]);
  });

  describe('a run that is hard to draw', () => {
    const nothing = { latency: NO_LATENCY, sessionCreation: NO_LATENCY, firstCall: NO_LATENCY };
    const runs: Record<string, Partial<LoadReport>> = {
      'nothing at all': {
        ...nothing,
        answered: 0,
        operations: [],
        seconds: [],
        rampMs: 0,
        holdMs: 0,
        process: serverProcess({ samples: [] }),
      },
      'one second': {
        seconds: secondsOf(1),
        rampMs: 0,
        holdMs: 1_000,
        process: serverProcess({ samples: samplesOf(1) }),
      },
      'errors alone': {
        ...nothing,
        answered: 0,
        errors: { connection: 15_000 },
        operations: [operation({ answered: 0, latency: NO_LATENCY, errors: { connection: 15_000 } })],
        seconds: secondsOf(30, () => ({
          answered: 0,
          errors: 500,
          p50Ms: null,
          p99Ms: null,
          maxMs: null,
          sessions: 0,
        })),
      },
      'latency of nothing': { seconds: secondsOf(3, () => ({ p50Ms: 0, p99Ms: 0, maxMs: 0 })) },
      'a server that went away': {
        process: serverProcess({
          samples: samplesOf(5, (second) => (second > 2 ? { cpuMs: 0, residentBytes: 0 } : {})),
        }),
      },
      'an hour': { seconds: secondsOf(3_600), rampMs: 0, holdMs: 3_600_000 },
    };
    for (const [name, changes] of Object.entries(runs)) {
      it(name, () => {
        const page = pageOf(changes);
        expect(page).not.to.match(/NaN|Infinity|undefined|\[object/);
        expect(page.length).to.be.below(120_000);
        for (const [, x, y] of page.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)) {
          expect(Number(x)).to.be.within(0, 480);
          expect(Number(y)).to.be.within(0, 400);
        }
      });
    }
  });
});
