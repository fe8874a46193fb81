import { expect } from 'chai';
import { compareReports, tooMuchWorse } from '../../load/compare/comparison.js';
import { comparisonText } from '../../load/compare/comparison-text.js';
import { readReport } from '../../load/compare/report-file.js';
import type { LoadReport } from '../../load/load-report.js';
import { reportFile, temporaryFolder } from '../support/load-files.js';
import { latencyAround, loadPlan, loadReport, NO_LATENCY, operation } from '../support/load-report.js';
import { sentenceOf } from '../support/option-folder.js';

/** As it is read back from its file. */
const read = (changes: Partial<LoadReport> = {}) => readReport(reportFile(loadReport(changes)), '/');

describe('the comparison of two load reports', () => {
  const compare = (a: Partial<LoadReport>, b: Partial<LoadReport>, failAbove?: number) =>
    compareReports(read(a), read(b), failAbove);
  const figure = (name: string, a: Partial<LoadReport>, b: Partial<LoadReport>, failAbove?: number) =>
    compare(a, b, failAbove).figures.find((each) => each.name === name);

  it('finds two runs of the same thing the same, and nothing that hinders', () => {
    const { figures, differences } = compare({}, {});
    expect(new Set(figures.map(({ verdict }) => verdict))).to.deep.equal(new Set(['same']));
    expect(differences).to.deep.equal([]);
  });

  it('knows for each figure which is better: less latency and memory, more calls', () => {
    const slower = { latency: latencyAround(2.6, 15_000), perSecond: 250 };
    expect(figure('p50', {}, slower)).to.include({ a: 1.3, b: 2.6, ratio: 2, verdict: 'worse' });
    expect(figure('p50', {}, slower)?.worseByPercent).to.equal(100);
    expect(figure('p50', slower, {})).to.include({ ratio: 0.5, verdict: 'better', worseByPercent: -50 });
    expect(figure('rate', {}, slower)).to.include({ ratio: 0.5, verdict: 'worse', worseByPercent: 50 });
    expect(figure('rate', slower, {})).to.include({ ratio: 2, verdict: 'better', worseByPercent: -100 });
  });

  it('calls up to 5 % the same, unless less than that is to fail', () => {
    const little = { latency: { ...latencyAround(1.3, 15_000), p50Ms: 1.3 * 1.04 } };
    expect(figure('p50', {}, little)?.verdict).to.equal('same');
    expect(figure('p50', {}, little, 3)?.verdict).to.equal('worse');
    expect(figure('p50', {}, little, 50)?.verdict).to.equal('same');
  });

  it('takes errors as a share of all requests, and any as worse than none', () => {
    const failing = { errors: { timeout: 154 } };
    const found = figure('errors', {}, failing)!;
    expect(found).to.include({ a: 0, ratio: null, verdict: 'worse', worseByPercent: null, isShare: true });
    expect(found.b).to.be.closeTo(1, 0.01);
    expect(figure('errors', failing, {})).to.include({ verdict: 'better', ratio: 0 });
    expect(figure('errors', failing, { errors: { timeout: 308 } })?.verdict).to.equal('worse');
  });

  it('leaves out what neither has, and says of what one alone has that it is not known', () => {
    expect(figure('cpu-per-call', { process: null }, { process: null })).to.equal(undefined);
    expect(figure('cpu-per-call', {}, { process: null })).to.include({ verdict: 'unknown', ratio: null });
    expect(figure('p99', {}, { answered: 0, latency: NO_LATENCY })).to.include({
      b: null,
      verdict: 'unknown',
    });
  });

  it('compares each tool that both called, if there are several', () => {
    const names = ({ figures }: ReturnType<typeof compare>): string[] => figures.map(({ name }) => name);
    expect(names(compare({}, {}))).to.include.members(['echo.p50', 'echo.p99', 'files.read.p99']);
    const other = { operations: [operation(), operation({ tool: 'other' })] };
    expect(names(compare({}, other))).not.to.include.members(['echo.p99']);
  });

  describe('says where the runs cannot be compared', () => {
    const differences = (b: Partial<LoadReport>) => compare({}, b).differences;
    const one = (tool: string, given = {}) => loadPlan({ mix: [{ tool, arguments: given, weight: 1 }] });
    const { machine, server, client } = loadReport();
    const cases: [about: string, blocks: boolean, changes: Partial<LoadReport>][] = [
      ['tools', true, { plan: one('echo') }],
      ['era', true, { plan: loadPlan({ era: 'stateless' }) }],
      ['transport', true, { plan: loadPlan({ transport: 'sse' }) }],
      ['rate', true, { plan: loadPlan({ arrivals: { loop: 'open', callsPerSecond: 501 } }) }],
      ['rate', true, { plan: loadPlan({ arrivals: { loop: 'closed', concurrency: 500 } }) }],
      ['sessions', true, { plan: loadPlan({ churnPerSecond: 6 }) }],
      ['read rate', true, { plan: loadPlan({ readBytesPerSecond: 1024 }) }],
      ['protocol version', false, { plan: loadPlan({ protocolVersion: '2025-06-18' }) }],
      ['duration', false, { plan: loadPlan({ durationMs: 60_000 }) }],
      ['warm-up', false, { plan: loadPlan({ warmUpMs: 5_000 }) }],
      ['machine', false, { machine: { ...machine, cores: 2 } }],
      ['Node of the client', false, { machine: { ...machine, node: 'v24.0.0' } }],
      ['version of bulkhead load', false, { version: '0.2.0' }],
      ['server', false, { server: { ...server, version: '3.0.0' } }],
      ['run', true, { answered: 0 }],
      ['run', false, { interrupted: true }],
      ['run', false, { passed: false }],
      ['run', false, { client: { ...client, limitedBy: 'its thread used 97 % of a core' } }],
    ];
    for (const [about, blocks, changes] of cases) {
      it(`${about}: ${JSON.stringify(changes).slice(0, 60)}`, () => {
        expect(differences(changes).map((each) => [each.about, each.blocks])).to.deep.equal([
          [about, blocks],
        ]);
      });
    }

    it('arguments, of the same tools', () => {
      const [a, b] = [{ plan: one('echo', { n: 1 }) }, { plan: one('echo', { n: 2 }) }];
      expect(compare(a, b).differences).to.deep.equal([
        { about: 'arguments', blocks: true, text: 'arguments: the tools were called with different ones' },
      ]);
    });
  });

  describe('judged by --fail-above', () => {
    const worse = (b: Partial<LoadReport>, failAbove: number): string[] =>
      tooMuchWorse(compare({}, b, failAbove), failAbove).map(({ name }) => name);

    it('fails for what is worse by more, and for any error where there was none', () => {
      const slower = { latency: { ...latencyAround(1.3, 15_000), p99Ms: 6.5 * 1.1 } };
      expect(worse(slower, 5)).to.deep.equal(['p99']);
      expect(worse(slower, 20)).to.deep.equal([]);
      expect(worse({ errors: { timeout: 1 }, lost: 1 }, 500)).to.deep.equal(['errors', 'lost']);
    });

    it('does not fail for figures of single calls, or for what is better', () => {
      expect(
        worse({ longestGapMs: 900, latency: { ...latencyAround(1.3, 15_000), maxMs: 900 } }, 5),
      ).to.deep.equal([]);
      expect(worse({ latency: latencyAround(0.3, 15_000) }, 5)).to.deep.equal([]);
    });
  });

  describe('as text', () => {
    const text = (a: Partial<LoadReport>, b: Partial<LoadReport>, failAbove?: number): string => {
      const [one, other] = [read(a), read(b)];
      const comparison = compareReports(one, other, failAbove);
      return comparisonText(
        { file: 'a.json', report: one },
        { file: 'b.json', report: other },
        comparison,
        failAbove,
      );
    };

    it('has both reports, each figure, notes and the result', () => {
      const slower = { latency: latencyAround(2.6, 15_000), server: { name: 'files', version: '2.2.0' } };
      const lines = text({}, slower).split('\n');
      expect(lines[0]).to.equal(
        'a  a.json  2026-03-04T05:06:07.000Z  files 2.1.0 at http://127.0.0.1:3000/mcp',
      );
      expect(lines.find((line) => /^ {2}p50 /.test(line))).to.match(/ 1\.3 ms +2\.6 ms +2\.00 {2}worse$/);
      expect(lines.find((line) => /^ {2}max /.test(line))).to.match(/^ {2}max \* /);
      expect(lines).to.include('* depends on few calls or sessions: --fail-above does not judge it');
      expect(lines).to.include('! note: server: a has files 2.1.0, b has files 2.2.0');
      expect(lines.at(-1)).to.match(/^b is better in 0, worse in 5 and about the same in \d+ figures$/);
    });

    it('ends with passed or failed where --fail-above judges it', () => {
      const last = (...args: Parameters<typeof text>) =>
        text(...args)
          .split('\n')
          .at(-1);
      expect(last({}, {}, 5)).to.equal('passed: nothing is worse by more than 5 %');
      const slower = { latency: { ...latencyAround(1.3, 15_000), p99Ms: 13 }, lost: 2 };
      expect(last({}, slower, 5)).to.equal('failed: b is worse in p99 by 100 %, lost (2 instead of 0)');
      const other = { plan: loadPlan({ era: 'stateless' }) };
      expect(last({}, other, 5)).to.equal('failed: the runs cannot be compared (era)');
    });

    it('has no control characters of a report', () => {
      const evil = '\u001b[2J\r\n\u202e';
      const shown = text({}, { server: { name: evil, version: evil }, startedAt: evil });
      expect(shown.replaceAll('\n', '')).not.to.match(/[\p{Cc}\u202e]/u);
    });
  });
});

describe('a file that is to be compared', () => {
  const refusal = (content: unknown, name = 'report.json'): string =>
    sentenceOf(() => readReport(reportFile(content, name), '/'));

  it('is read again as it was written', () => {
    const report = loadReport();
    expect(read().latency).to.deep.equal(report.latency);
    expect(read().plan.mix).to.deep.equal(report.plan.mix);
    expect(read({ process: null, metrics: null })).to.include({ process: null, metrics: null });
  });

  it('is refused with one sentence if it is missing, no JSON, or no report', () => {
    expect(sentenceOf(() => readReport('gone.json', temporaryFolder()))).to.match(
      /^The report gone\.json cannot be read: .*\.$/,
    );
    expect(refusal('{"a":')).to.match(/^The report .*report\.json is not JSON: .* line 1, column 6\.$/);
    expect(refusal('<!doctype html>\n<html>')).to.match(/It is an HTML page: compare the files of --out\.$/);
    for (const other of [[], {}, null, { plan: {}, latency: 1 }]) {
      expect(refusal(other)).to.match(
        /report\.json is not a report of bulkhead load: give files that its --out wrote\.$/,
      );
    }
  });

  it('is refused if an earlier or a later version wrote it, with what to do', () => {
    const { format: _format, ...earlier } = loadReport();
    expect(refusal(earlier)).to.match(
      /was written by an earlier bulkhead \(0\.1\.0\), whose reports cannot be compared: run the load again with this version\.$/,
    );
    expect(refusal({ ...loadReport(), format: 99, version: '9.0.0' })).to.match(
      /has the format 99 of a later bulkhead \(9\.0\.0\), and this one reads 1: compare with that version\.$/,
    );
  });

  it('is refused with the place where it is damaged', () => {
    expect(refusal({ ...loadReport(), latency: { ...loadReport().latency, p99Ms: 'fast' } })).to.match(
      /is damaged at latency\.p99Ms \(.*\): run the load again\.$/,
    );
  });
});
