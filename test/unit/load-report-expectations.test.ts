import { expect } from 'chai';
import type { LoadReport, Trend } from '../../load/load-report.js';
import { judge, parseExpectation } from '../../load/report/expectations.js';
import { BulkheadError } from '../../src/shared/errors.js';
import {
  latencyAround,
  loadPlan,
  loadReport,
  NO_LATENCY,
  operation,
  serverProcess,
} from '../support/load-report.js';
import { processorMs } from '../support/processor-time.js';

describe('thresholds of a load run', () => {
  /** The result of the threshold for the run; the thresholds of every run follow it. */
  const judged = (text: string, changes: Partial<LoadReport> = {}) => {
    const [result] = judge(loadReport(changes), [parseExpectation(text)]);
    return result!;
  };
  const sentenceFor = (text: string): string => {
    try {
      parseExpectation(text);
    } catch (error) {
      expect(error).to.be.instanceOf(BulkheadError).with.property('code', 'ERR_BULKHEAD_OPTION');
      return (error as Error).message;
    }
    throw new Error(`${text} was taken`);
  };

  describe('what can be written', () => {
    const good: readonly (readonly [text: string, name: string, operator: string, bound: number])[] = [
      ['p50<50', 'p50', '<', 50],
      ['p90<=50ms', 'p90', '<=', 50],
      ['p99>2s', 'p99', '>', 2_000],
      ['p99.9>=1.5m', 'p99.9', '>=', 90_000],
      ['max<1h', 'max', '<', 3_600_000],
      ['mean!=0.25ms', 'mean', '!=', 0.25],
      [' p99 < 50 ms ', 'p99', '<', 50],
      ['session-creation.p99<250ms', 'session-creation.p99', '<', 250],
      ['first-call.max<1s', 'first-call.max', '<', 1_000],
      ['initialize.mean<30', 'initialize.mean', '<', 30],
      ['tools/list.p50<30', 'tools/list.p50', '<', 30],
      ['tools/call.p99.9<30', 'tools/call.p99.9', '<', 30],
      ['files.read.p99.9<30', 'files.read.p99.9', '<', 30],
      ['a<b.p99<30', 'a<b.p99', '<', 30],
      ['__proto__.p99<30', '__proto__.p99', '<', 30],
      ['rate>=499.5', 'rate', '>=', 499.5],
      ['rate>=500/s', 'rate', '>=', 500],
      ['answered>=15000', 'answered', '>=', 15_000],
      ['errors==0', 'errors', '==', 0],
      ['errors<0.1%', 'errors', '<', 0.1],
      ['errors[http 503]<=3', 'errors[http 503]', '<=', 3],
      ['errors[json-rpc -32603]<1%', 'errors[json-rpc -32603]', '<', 1],
      ['errors[not sent]==0', 'errors[not sent]', '==', 0],
      ['lost<3', 'lost', '<', 3],
      ['contaminated==0', 'contaminated', '==', 0],
      ['forgotten<=2', 'forgotten', '<=', 2],
      ['mismatches==0', 'mismatches', '==', 0],
      ['gap<1s', 'gap', '<', 1_000],
      ['sessions>=120', 'sessions', '>=', 120],
      ['failed-sessions==0', 'failed-sessions', '==', 0],
      ['streams-closed==0', 'streams-closed', '==', 0],
      ['memory-per-session<20KiB', 'memory-per-session', '<', 20_480],
      ['memory-per-session<1MB', 'memory-per-session', '<', 1_000_000],
      ['memory-per-session<1000', 'memory-per-session', '<', 1_000],
      ['memory-slope<0.5MiB', 'memory-slope', '<', 524_288],
      ['memory-slope<0.5MiB/min', 'memory-slope', '<', 524_288],
      ['memory-slope>-1KB', 'memory-slope', '>', -1_000],
      ['threads-slope==0', 'threads-slope', '==', 0],
      ['descriptors-slope<=2/min', 'descriptors-slope', '<=', 2],
      ['cpu-per-call<0.3ms', 'cpu-per-call', '<', 0.3],
      ['cpu-per-call<300us', 'cpu-per-call', '<', 0.3],
      ['cpu-per-call<300\u00b5s', 'cpu-per-call', '<', 0.3],
      ['cpu-per-call<300\u03bcs', 'cpu-per-call', '<', 0.3],
    ];
    for (const [text, name, operator, bound] of good) {
      it(`${JSON.stringify(text)} means ${name} ${operator} ${bound}`, () => {
        const expectation = parseExpectation(text);
        expect(expectation).to.include({ text, name, operator });
        expect(expectation.bound).to.be.closeTo(bound, Math.abs(bound) * 1e-12);
        expect(expectation.isShare).to.equal(text.includes('%'));
      });
    }
  });

  describe('what cannot be written is refused with one sentence that names it', () => {
    const bad: readonly (readonly [text: string, right: RegExp])[] = [
      ['', /a figure, one of < <= > >= == != and a value/],
      ['p99', /a figure, one of/],
      ['p99 50ms', /a figure, one of/],
      ['p99=50ms', /a figure, one of/],
      ['p99=>50ms', /did you mean "p99"\?/],
      ['<50ms', /its figure must be one of p50, /],
      ['p98<50ms', /its figure must be one of .* \(did you mean "p9/],
      ['eror==0', /did you mean "errors"\?/],
      ['memory_slope<1MB', /did you mean "memory-slope"\?/],
      ['.p99<50ms', /its figure must be one of/],
      ['echo.p98<50ms', /did you mean "echo\.p9/],
      ['constructor<5', /its figure must be one of/],
      ['errors[timeuot]==0', /the kind of error must be one of .* \(did you mean "timeout"\?\)/],
      ['errors[http]==0', /http <status>/],
      ['errors[]==0', /the kind of error/],
      ['p99<', /a duration such as 50ms/],
      ['p99<fast', /a duration such as 50ms/],
      ['p99<50MB', /a duration such as 50ms/],
      ['p99<-5ms', /a duration such as 50ms/],
      ['p99<1%', /a duration such as 50ms, 2s or 0\.3ms\.$/],
      ['p99<Infinity', /a duration/],
      ['p99<NaN', /a duration/],
      [`p99<${'9'.repeat(400)}`, /a duration/],
      ['p99<1e3', /a duration/],
      ['p99<0x10', /a duration/],
      ['p99<5MS', /a duration/],
      ['rate>500ms', /a number of calls a second/],
      ['lost<1%', /a number such as 0\.$/],
      ['errors<1ms', /a number such as 0, or a percentage/],
      ['errors<-1', /a number such as 0/],
      ['memory-per-session<5ms', /a size such as 20KiB/],
      ['memory-per-session<1MB/min', /a size such as 20KiB/],
      ['memory-slope<5 per minute', /a size such as 20KiB or 1MB a minute/],
      ['threads-slope!=0', /one of < <= > >= ==/],
    ];
    for (const [text, right] of bad) {
      it(JSON.stringify(text.slice(0, 40)), () => {
        const sentence = sentenceFor(text);
        expect(sentence).to.match(right);
        expect(sentence).to.contain(JSON.stringify(text));
        expect(sentence).to.match(/^--expect .*[^.]\.$/);
      });
    }
  });

  it('takes no longer for a text made to be slow', () => {
    const spentMs = processorMs(() => {
      for (const text of ['<'.repeat(20_000), 'p99.'.repeat(5_000), `errors[${'['.repeat(20_000)}<1`]) {
        sentenceFor(text);
      }
    });
    expect(spentMs).to.be.below(2_000);
  });

  describe('a value at the bound', () => {
    const cases: readonly (readonly [operator: string, below: boolean, at: boolean, above: boolean])[] = [
      ['<', true, false, false],
      ['<=', true, true, false],
      ['>', false, false, true],
      ['>=', false, true, true],
      ['==', false, true, false],
      ['!=', true, false, true],
    ];
    for (const [operator, below, at, above] of cases) {
      it(`${operator} holds where it should`, () => {
        const met = (gap: number) => judged(`gap${operator}50ms`, { longestGapMs: gap }).met;
        expect([met(49.999), met(50), met(50.001)]).to.deep.equal([below, at, above]);
      });
    }
  });

  it('finds each figure where the run has it', () => {
    const changes: Partial<LoadReport> = {
      errors: { timeout: 3, 'http 503': 97 },
      lost: 3,
      contaminated: 2,
      operations: [
        operation({ answered: 9_900, latency: latencyAround(1, 9_900) }),
        operation({ tool: 'files.read', answered: 0, latency: NO_LATENCY }),
        operation({ method: 'initialize', tool: null, answered: 0, latency: latencyAround(20, 5) }),
        operation({ tool: 'initialize', answered: 0, latency: latencyAround(77, 5) }),
      ],
    };
    const found = (text: string) => judged(text, changes).measured;
    expect(found('p50<1')).to.equal('1.3 ms');
    expect(found('p90<1')).to.equal('2.6 ms');
    expect(found('p99<1')).to.equal('6.5 ms');
    expect(found('p99.9<1')).to.equal('15.6 ms');
    expect(found('max<1')).to.equal('40.8 ms');
    expect(found('mean<1')).to.equal('1.56 ms');
    expect(found('tools/call.p50<1')).to.equal('1.3 ms');
    expect(found('echo.p99<1')).to.equal('5 ms');
    expect(found('initialize.p50<1')).to.equal('20 ms');
    expect(found('session-creation.p50<1')).to.equal('22 ms');
    expect(found('first-call.p50<1')).to.equal('4.1 ms');
    expect(found('rate>1')).to.equal('500/s');
    expect(found('answered>1')).to.equal('15,000');
    expect(found('errors<1')).to.equal('100');
    expect(found('errors<5%')).to.equal('1 % (100 of 10,000)');
    expect(found('errors[http 503]<1%')).to.equal('0.97 % (97 of 10,000)');
    expect(found('errors[tool]<1')).to.equal('0');
    expect(found('lost<1')).to.equal('3');
    expect(found('contaminated<1')).to.equal('2');
    expect(found('gap<1')).to.equal('18 ms');
    expect(found('sessions<1')).to.equal('330');
    expect(found('memory-per-session<1')).to.equal('7.4 MiB');
    expect(found('cpu-per-call<1')).to.equal('310 µs');
    expect(found('descriptors-slope<1')).to.equal('4.2 ± 1.1 a minute');
  });

  it('writes as many digits as show on which side of the bound a value lies', () => {
    const result = judged('gap<50ms', { longestGapMs: 50.04 });
    expect(result).to.deep.equal({ text: 'gap<50ms', measured: '50.04 ms', met: false, checked: true });
    expect(judged('rate>=500', { perSecond: 499.98 }).measured).to.equal('499.98/s');
  });

  it('takes errors as a share of all requests, answered or not', () => {
    const changes = { errors: { timeout: 1 }, operations: [operation({ answered: 99 })] };
    expect(judged('errors<=1%', changes).met).to.equal(true);
    expect(judged('errors<1%', changes).met).to.equal(false);
    expect(judged('errors<=0.99%', changes).met).to.equal(false);
  });

  describe('a figure that there was nothing for is missed, and says why', () => {
    const nothing: Partial<LoadReport> = {
      latency: NO_LATENCY,
      sessionCreation: NO_LATENCY,
      operations: [operation({ answered: 0, latency: NO_LATENCY })],
      metrics: null,
      process: null,
    };
    const cases: readonly (readonly [text: string, measured: RegExp])[] = [
      ['p99<50ms', /no call was answered/],
      ['session-creation.p99<50ms', /no session was created/],
      ['echo.p99<50ms', /no request of echo was answered/],
      ['ecko.p99<50ms', /nothing named "ecko" was called \(did you mean "echo"\?\)/],
      ['errors<1%', /no request was sent/],
      ['mismatches==0', /--metrics/],
      ['memory-per-session<1MB', /--pid/],
      ['cpu-per-call<1ms', /--pid/],
      ['memory-slope<1MB', /--pid/],
    ];
    for (const [text, measured] of cases) {
      it(text, () => {
        const result = judged(text, nothing);
        expect(result.met).to.equal(false);
        expect(result.measured).to.match(measured);
      });
    }

    it('a process that was watched too short a time', () => {
      const process = serverProcess({
        bytesPerSession: null,
        cpuMsPerSession: null,
        cpuMsPerCall: null,
        trends: { residentBytes: null, threads: null, descriptors: null },
      });
      for (const text of ['memory-per-session<1MB', 'cpu-per-call<1ms', 'threads-slope<1']) {
        expect(judged(text, { process })).to.include({ met: false }).with.property('measured').match(/^not/);
      }
    });

    it('a figure that is not a number', () => {
      expect(judged('rate>=0', { perSecond: Number.NaN }).met).to.equal(false);
      expect(judged('gap>=0', { longestGapMs: Number.POSITIVE_INFINITY }).met).to.equal(false);
    });
  });

  describe('a slope', () => {
    const slope = (text: string, perMinute: number, plusMinus: number) => {
      const threads: Trend = { perMinute, plusMinus, flat: Math.abs(perMinute) <= plusMinus };
      return judged(text, {
        process: serverProcess({ trends: { residentBytes: null, threads, descriptors: null } }),
      }).met;
    };

    it('is missed only when it can be told from every value within the bound', () => {
      expect(slope('threads-slope<10', 15, 6)).to.equal(true);
      expect(slope('threads-slope<10', 15, 4)).to.equal(false);
      expect(slope('threads-slope<=10', 15, 5)).to.equal(true);
      expect(slope('threads-slope<10', 15, 5)).to.equal(false);
      expect(slope('threads-slope<10', -50, 1)).to.equal(true);
    });

    it('may fall no faster than a lower bound, by the same rule', () => {
      expect(slope('threads-slope>-10', -15, 6)).to.equal(true);
      expect(slope('threads-slope>-10', -15, 4)).to.equal(false);
      expect(slope('threads-slope>=-10', -15, 5)).to.equal(true);
    });

    it('equals what lies within its confidence', () => {
      expect(slope('threads-slope==0', 0.4, 0.5)).to.equal(true);
      expect(slope('threads-slope==0', -0.6, 0.5)).to.equal(false);
    });

    it('is not known while its confidence is not', () => {
      expect(slope('threads-slope<10', 0, Number.NaN)).to.equal(false);
      expect(slope('threads-slope<10', 0, Number.POSITIVE_INFINITY)).to.equal(false);
    });
  });

  describe('what every run is held to', () => {
    const texts = (...asked: string[]) =>
      judge(loadReport(), asked.map(parseExpectation)).map(({ text }) => text);
    const ALWAYS = [
      'contaminated==0',
      'errors[wrong id]==0',
      'errors[duplicate]==0',
      'lost==0',
      'forgotten==0',
      'mismatches==0',
      'answered>0',
    ];

    it('comes after what was asked for, and is met by a run in order', () => {
      expect(texts()).to.deep.equal(ALWAYS);
      expect(texts('p99<50ms', 'rate>1')).to.deep.equal(['p99<50ms', 'rate>1', ...ALWAYS]);
      expect(judge(loadReport(), []).every(({ met }) => met)).to.equal(true);
    });

    it('gives way where the same figure is named, but for contamination', () => {
      expect(texts('lost<5', 'forgotten<=1', 'mismatches<2', 'answered==0')).to.deep.equal([
        'lost<5',
        'forgotten<=1',
        'mismatches<2',
        'answered==0',
        ...ALWAYS.slice(0, 3),
      ]);
      expect(texts('contaminated<5')).to.deep.equal(['contaminated<5', ...ALWAYS]);
      expect(texts('contaminated == 0')).to.deep.equal(['contaminated == 0', ...ALWAYS.slice(1)]);
      expect(texts('contaminated!=0')).to.deep.equal(['contaminated!=0', ...ALWAYS]);
    });

    it('fails a run that breaks it', () => {
      const { sessions, metrics } = loadReport();
      const broken = loadReport({
        answered: 0,
        contaminated: 1,
        errors: { contaminated: 1, timeout: 2, 'wrong id': 4, duplicate: 5 },
        lost: 2,
        sessions: { ...sessions, forgotten: 3 },
        metrics: { ...metrics!, checks: [{ what: 'sessions created', client: 3, server: 4, agrees: false }] },
      });
      expect(judge(broken, [])).to.deep.equal([
        { text: 'contaminated==0', measured: '1', met: false, checked: true },
        { text: 'errors[wrong id]==0', measured: '4', met: false, checked: true },
        { text: 'errors[duplicate]==0', measured: '5', met: false, checked: true },
        { text: 'lost==0', measured: '2', met: false, checked: true },
        { text: 'forgotten==0', measured: '3', met: false, checked: true },
        { text: 'mismatches==0', measured: '1', met: false, checked: true },
        { text: 'answered>0', measured: '0', met: false, checked: true },
      ]);
    });

    it('does not fail a run whose server has no metrics to check', () => {
      const results = judge(loadReport({ metrics: null }), []);
      const unchecked = results.find(({ text }) => text === 'mismatches==0')!;
      expect(unchecked).to.include({ text: 'mismatches==0', met: true, checked: false });
      expect(unchecked.measured).to.match(/^not checked: /);
    });

    it('does not call sessions of the stateless era remembered, and misses a threshold that asks for it', () => {
      const stateless = loadReport({ plan: loadPlan({ era: 'stateless' }) });
      const result = (...asked: string[]) =>
        judge(stateless, asked.map(parseExpectation)).find(({ text }) => text === 'forgotten==0');
      expect(result()).to.include({ met: true, checked: false });
      expect(result('forgotten==0')).to.include({ met: false, checked: false });
    });
  });
});
