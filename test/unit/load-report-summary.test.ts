import { expect } from 'chai';
import type { LoadReport } from '../../load/load-report.js';
import { judge, parseExpectation } from '../../load/report/expectations.js';
import { summarize } from '../../load/report/text-summary.js';
import { loadPlan, loadReport, NO_LATENCY, operation, serverProcess } from '../support/load-report.js';

describe('the summary of a load run', () => {
  const linesOf = (changes: Partial<LoadReport> = {}, ...asked: string[]): string[] => {
    const report = loadReport(changes);
    const expectations = judge(report, asked.map(parseExpectation));
    return summarize({ ...report, expectations, passed: expectations.every(({ met }) => met) }).split('\n');
  };
  const textOf = (changes: Partial<LoadReport> = {}): string =>
    linesOf(changes).join(' ').replace(/\s+/g, ' ');
  const longName = 'a'.repeat(500);

  it('fits into 110 columns, whatever the server says', () => {
    const lines = linesOf({
      plan: loadPlan({
        url: `http://127.0.0.1/${longName}`,
        mix: [{ tool: longName, arguments: {}, weight: 1 }],
      }),
      operations: [operation({ tool: longName }), operation({ tool: `${longName}b` })],
      errors: { [`${longName}c`]: 3 },
      errorSamples: [{ kind: `${longName}c`, message: 'no '.repeat(2_000) + longName }],
      metrics: {
        url: `http://127.0.0.1/${longName}`,
        figures: [{ name: longName, before: 123_456_789_012, after: null }],
        checks: [{ what: longName, client: 1, server: 2, agrees: false }],
      },
    });
    const wide = lines.filter((line) => line.length > 110 && !/mismatches|failed: /.test(line));
    expect(wide).to.deep.equal([]);
    expect(lines.filter((line) => line !== line.trimEnd())).to.deep.equal([]);
  });

  it('puts the figures of each operation below their names', () => {
    const lines = linesOf();
    const header = lines.findIndex((line) => line.trim().startsWith('operation'));
    const ends = (line: string) =>
      [...line.matchAll(/\S+(?: [µm]?s)?(?= {2}|$)/g)].map((m) => m.index + m[0].length);
    expect(lines[header]!.trim().split(/\s+/)).to.deep.equal(
      'operation answered /s errors p50 p90 p99 p99.9 max'.split(' '),
    );
    const table = lines.slice(header + 1, lines.indexOf('', header));
    expect(table.map((line) => line.trim().split(/ {2,}/)[0])).to.deep.equal([
      'tools/call',
      'echo',
      'files.read',
      'initialize',
      'tools/list',
      'session creation',
      'first call',
    ]);
    for (const line of table)
      expect(ends(line).slice(-8), line).to.deep.equal(ends(lines[header]!).slice(-8));
  });

  it('shortens names in their middle, so that those that begin alike can be told apart', () => {
    const operations = ['read', 'write'].map((end) =>
      operation({ tool: `com.example.a-rather-long-namespace.${end}` }),
    );
    const names = linesOf({ operations }).flatMap((line) => /^ {4}(\S+)/.exec(line)?.[1] ?? []);
    expect(names.slice(0, 2)).to.deep.equal(['com.example.a-…amespace.read', 'com.example.a-…mespace.write']);
  });

  it('ends with one line that says passed', () => {
    expect(linesOf().slice(-6)).to.deep.equal([
      '✓ lost==0               0',
      '✓ forgotten==0          0',
      '✓ mismatches==0         0',
      '✓ answered>0            15,000',
      '',
      'passed',
    ]);
  });

  it('ends with one line that says which thresholds were missed', () => {
    const lines = linesOf({ lost: 3 }, 'p99<5ms', 'rate>1');
    expect(lines.at(-1)).to.equal('failed: p99<5ms (6.5 ms), lost==0 (3)');
    expect(lines).to.include.members([
      '✗ p99<5ms               6.5 ms',
      '✓ rate>1                500/s',
      '✗ lost==0               3',
    ]);
  });

  it('says what the plan asks for, and nothing of what it does not', () => {
    expect(textOf()).to.contain(
      '100 sessions, 20 idle, listening, 500 calls/s (open loop), ramp 5s, hold 30s, churn 5/s, drop 2/s, timeout 30s, streamable-http 2025-11-25, 1 worker',
    );
    const plan = loadPlan({
      sessions: 1,
      idleSessions: 0,
      listen: false,
      arrivals: { loop: 'closed', concurrency: 8 },
      rampMs: 0,
      churnPerSecond: 0,
      dropPerSecond: 0,
      readBytesPerSecond: 65_536,
      workers: 2,
    });
    expect(textOf({ plan })).to.contain(
      'plan 1 session, 8 calls in flight (closed loop), hold 30s, read at 64 KiB/s, timeout 30s, streamable-http 2025-11-25, 2 workers',
    );
  });

  it('lists errors by kind, the most frequent first, with what was seen of each', () => {
    const lines = linesOf({
      errors: { timeout: 3, 'http 503': 12 },
      errorSamples: [{ kind: 'http 503', message: 'too many sessions' }],
    });
    const at = lines.findIndex((line) => line.startsWith('errors'));
    expect(lines.slice(at, at + 3)).to.deep.equal([
      'errors      15 (0.0977 % of all requests)',
      '            12 http 503: too many sessions',
      '            3 timeout',
    ]);
  });

  it('writes control characters of the server as escapes', () => {
    const evil = '\u001b[2Jgone\r\nnext\u202e';
    const text = linesOf({
      plan: loadPlan({ url: evil, protocolVersion: evil, mix: [{ tool: evil, arguments: {}, weight: 1 }] }),
      operations: [operation({ tool: evil })],
      errors: { [evil]: 1 },
      errorSamples: [{ kind: evil, message: evil }],
      client: { ...loadReport().client, limitedBy: evil },
      server: { name: evil, version: evil },
      machine: { ...loadReport().machine, processor: evil, node: evil, system: evil },
      commandLine: evil,
      mixReason: evil,
      metrics: {
        url: evil,
        figures: [{ name: evil, before: 1, after: 1 }],
        checks: [{ what: evil, client: 1, server: 1, agrees: true }],
      },
    }).join('\n');
    expect(text).to.contain('\\u001b[2Jgone\\u000d\\nnext\\u202e');
    expect(text.replaceAll('\n', '')).not.to.match(/[\p{Cc}\u202e]/u);
  });

  it('says plainly when the client was the limit, and when not', () => {
    expect(textOf()).to.contain(
      '1 worker, 31 % of a core, requests sent 1.2 ms late (p99): the client was not the limit.',
    );
    const client = {
      workers: 2,
      coreShare: 0.98,
      utilisation: 0.99,
      lateP99Ms: null,
      checked: true,
      limitedBy: 'its threads had no time left',
    };
    expect(textOf({ client })).to.contain(
      '2 workers, each 98 % of a core: THE CLIENT WAS THE LIMIT, the server may do better: its threads had no time left.',
    );
  });

  it('says that nothing is known of the client if no call was answered', () => {
    const client = { ...loadReport().client, checked: false };
    expect(textOf({ client })).to.contain(
      'whether the client was the limit was not checked, because no call was answered.',
    );
  });

  it('does not call met what was not checked', () => {
    const lines = linesOf({ metrics: null, plan: loadPlan({ era: 'stateless' }) }, 'mismatches==0');
    expect(lines).to.include.members([
      "✗ mismatches==0         not checked: the server's metrics were not read (--metrics)",
      '– forgotten==0          not checked: the stateless era has no sessions',
    ]);
    expect(linesOf({ metrics: null })).to.include.members([
      "– mismatches==0         not checked: the server's metrics were not read (--metrics)",
      '✓ forgotten==0          0',
    ]);
  });

  it('says whether contents were checked for texts of other sessions', () => {
    expect(textOf()).to.contain('contaminated 0, lost 0');
    const plan = loadPlan({ mix: [{ tool: 'a', arguments: {}, weight: 1 }] });
    expect(textOf({ plan })).to.contain(
      'contaminated 0 (by request ids; contents not checked: no argument has {{session}}), lost 0',
    );
  });

  it('names server, machine and command, and why the tool was called', () => {
    expect(textOf({ mixReason: 'it says that it only reads' })).to.contain(
      'server files 2.1.0 at http://127.0.0.1:3000/mcp ' +
        'machine 4 cores of Example CPU, 16 GiB, Node v22.11.0, Linux 6.8.0 x64 ' +
        "(the client's, and the server's too) " +
        'command bulkhead load http://127.0.0.1:3000/mcp --sessions 100 --rate 500 --mix mix.json',
    );
    expect(textOf({ mixReason: 'it says that it only reads' })).to.contain(
      'chosen because it says that it only reads',
    );
    const far = textOf({
      plan: loadPlan({ url: 'https://mcp.example.org/mcp' }),
      server: { name: null, version: null },
    });
    expect(far).to.contain('a server that does not say its name at https://mcp.example.org/mcp');
    expect(far).to.contain("(the client's)");
  });

  it('tells a slope with its confidence, and whether it is one', () => {
    const text = textOf({
      process: serverProcess({
        trends: {
          residentBytes: { perMinute: 1_048_576, plusMinus: 2_097_152, flat: true },
          threads: { perMinute: -3, plusMinus: 1, flat: false },
          descriptors: null,
        },
      }),
    });
    expect(text).to.contain('memory +1 MiB ± 2 MiB a minute: does not differ from zero');
    expect(text).to.contain('threads -3 ± 1 a minute: shrank');
    expect(text).to.contain('descriptors too few samples');
  });

  it("shows the server's own figures and whether both sides agree", () => {
    const { metrics } = loadReport();
    const text = textOf({
      metrics: {
        ...metrics!,
        checks: [{ what: 'sessions created', client: 330, server: 331, agrees: false }],
      },
    });
    expect(text).to.contain('process_resident_memory_bytes 68 MiB 900 MiB');
    expect(text).to.contain('sessions created: client 330, server 331: DOES NOT AGREE');
    expect(textOf({ metrics: { ...metrics!, checks: [] } })).to.contain('checks none: ');
  });

  it('can tell of a run in which nothing was answered', () => {
    const lines = linesOf({
      answered: 0,
      perSecond: 0,
      latency: NO_LATENCY,
      sessionCreation: NO_LATENCY,
      firstCall: NO_LATENCY,
      operations: [],
      seconds: [],
      metrics: null,
      process: null,
      interrupted: true,
      plan: loadPlan({ mix: [] }),
    });
    const text = lines.join('\n');
    expect(text).to.contain('no tool call was answered');
    expect(text).to.contain('interrupted stopped by a signal after 30 s of the hold');
    expect(text).not.to.match(/null|undefined|NaN|\n\n\n/);
  });
});
