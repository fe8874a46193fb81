import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type GivenLoadFlags, type LoadOptions, resolveLoadOptions } from '../../load/load-options.js';
import { sentenceOf } from '../support/option-folder.js';

const URL_TEXT = 'http://127.0.0.1:3000/mcp';

describe('the flags of bulkhead load', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-load-'));
    writeFileSync(join(folder, 'mix.json'), '[{"tool":"a"}]');
  });

  after(() => rmSync(folder, { recursive: true }));

  const resolve = (flags: GivenLoadFlags = {}, url = URL_TEXT): LoadOptions =>
    resolveLoadOptions(url, flags, { 'x-api-key': 'secret' }, folder);

  it('have defaults: ten sessions, 50 calls a second for 30 s, from one thread', () => {
    expect(resolve().plan).to.deep.equal({
      url: URL_TEXT,
      headers: { 'x-api-key': 'secret' },
      era: 'session',
      transport: 'streamable-http',
      protocolVersion: '2025-11-25',
      sessions: 10,
      idleSessions: 0,
      listen: false,
      arrivals: { loop: 'open', callsPerSecond: 50 },
      warmUpMs: 0,
      rampMs: 50,
      durationMs: 30_000,
      churnPerSecond: 0,
      dropPerSecond: 0,
      timeoutMs: 30_000,
      readBytesPerSecond: undefined,
      workers: 1,
    });
  });

  it('are written as rates, sizes, durations and files are', () => {
    const options = resolve({
      concurrency: '8',
      churn: '5/s',
      drop: '0.5',
      'read-rate': '64KiB/s',
      ramp: '2s',
      mix: 'mix.json',
      out: 'report.json',
      metrics: 'http://127.0.0.1:9464/metrics',
      expect: ['p99<50ms', 'errors==0'],
    });
    expect(options.plan).to.deep.include({
      arrivals: { loop: 'closed', concurrency: 8 },
      churnPerSecond: 5,
      dropPerSecond: 0.5,
      readBytesPerSecond: 65_536,
      rampMs: 2_000,
    });
    expect(options.mix).to.deep.equal([{ tool: 'a', arguments: {}, weight: 1 }]);
    expect(options.jsonFile).to.equal(join(folder, 'report.json'));
    expect(options.expectations.map(({ text }) => text)).to.deep.equal(['p99<50ms', 'errors==0']);
  });

  it('choose the revision by the era', () => {
    expect(resolve({ 'protocol-version': '2025-06-18' }).plan).to.include({
      era: 'session',
      protocolVersion: '2025-06-18',
    });
    expect(resolve({ era: 'stateless' }).plan).to.include({
      era: 'stateless',
      protocolVersion: '2026-07-28',
    });
  });

  for (const [flags, sentence] of [
    [{ sessions: '0' }, '--sessions is "0", but must be an integer from 1 to 100000.'],
    [{ rate: '5/m' }, '--rate is "5/m", but must be a number a second'],
    [{ rate: '5', concurrency: '2' }, '--rate and --concurrency are two kinds of load'],
    [{ workers: '11' }, '--workers is 11, but there are only 10 sessions to share'],
    [{ workers: '4', concurrency: '3' }, '--workers is 4, but only 3 calls to share'],
    [{ transport: 'stdio' }, '--transport is "stdio", but must be one of streamable-http, sse.'],
    [{ 'read-rate': '0' }, '--read-rate is "0", but must be a number of bytes a second'],
    [{ out: 'no/such/folder.json' }, '--out is "no/such/folder.json", but must be the path of a file in an'],
    [{ report: '.' }, '--report is ".", but must be the path of a file'],
    [{ mix: 'none.json' }, 'none.json cannot be read'],
    [{ metrics: 'localhost' }, '--metrics is "localhost", but must be an http: or https: URL'],
    [{ expect: ['p42<1s'] }, 'p42'],
    [{ era: 'auto' }, '--era is "auto", but must be one of session, stateless.'],
    [{ era: 'stateless', transport: 'sse' }, '--transport is "sse", which the stateless era does not have'],
    [
      { era: 'stateless', 'protocol-version': '2025-11-25' },
      'the stateless era (--era) has 2026-07-28 alone',
    ],
  ] as const) {
    it(`say in one sentence what is wrong with ${JSON.stringify(flags)}`, () => {
      expect(sentenceOf(() => resolve(flags as GivenLoadFlags))).to.include(sentence);
    });
  }

  it('say what is wrong with the address', () => {
    expect(sentenceOf(() => resolve({}, 'ftp://host'))).to.include(
      '<url> is "ftp://host", but must be an http:',
    );
    expect(sentenceOf(() => resolve({}, 'cmpare'))).to.match(/\(did you mean "compare"\?\)\.$/);
  });
});
