import { expect } from 'chai';
import { Counter, Gauge, Histogram, Registry, type RegistryContentType } from 'prom-client';
import { ExpositionError, parseExposition, seriesName } from '../../load/server/exposition.js';

/** The names of all series with their values. */
function seriesOf(text: string, openMetrics = false): Record<string, number> {
  const { families } = parseExposition(text, openMetrics);
  const samples = [...families.values()].flatMap((family) => family.samples);
  return Object.fromEntries(samples.map((sample) => [seriesName(sample), sample.value]));
}

describe('the reader of a Prometheus exposition', () => {
  it('reads names, labels, values and timestamps', () => {
    const text = [
      '# HELP requests_total All requests.',
      '# TYPE requests_total counter',
      'requests_total{method="post",code="200"} 1027 1395066363000',
      'requests_total { method = "get", code="200", }\t3',
      '# any other remark',
      '',
      'bare 12.47',
      'early{problem="division by zero"} +Inf -3982045',
      'never -Inf',
      'unknown NaN',
      'small 1.5e-07',
    ].join('\n');
    expect(seriesOf(`${text}\n`)).to.deep.equal({
      'requests_total{code="200",method="post"}': 1027,
      'requests_total{code="200",method="get"}': 3,
      bare: 12.47,
      'early{problem="division by zero"}': Number.POSITIVE_INFINITY,
      never: Number.NEGATIVE_INFINITY,
      unknown: Number.NaN,
      small: 1.5e-7,
    });
  });

  it('reads escapes in labels, and braces and commas in their values', () => {
    const [sample] = parseExposition('x{path="C:\\\\n\\"a\\"\\nb",other="},{ =#"} 1').samples('x');
    expect([...sample!.labels]).to.deep.equal([
      ['path', 'C:\\n"a"\nb'],
      ['other', '},{ =#'],
    ]);
    expect(seriesName(sample!)).to.equal('x{other="},{ =#",path="C:\\\\n\\"a\\"\\nb"}');
  });

  it('takes a label called __proto__ as one like any other', () => {
    expect(seriesOf('x{__proto__="a"} 1')).to.deep.equal({ 'x{__proto__="a"}': 1 });
  });

  it('reads names in quotes, which need not be of the classic alphabet', () => {
    const found = parseExposition('{"mcp.calls", "mcp.method.name"="tools/call"} 4');
    expect(found.sum('mcp.calls', { 'mcp.method.name': 'tools/call' })).to.equal(4);
  });

  it('puts the samples of a histogram in its family', () => {
    const text = [
      '# TYPE wait_seconds histogram',
      'wait_seconds_bucket{le="0.1"} 1',
      'wait_seconds_bucket{le="+Inf"} 2',
      'wait_seconds_sum 3.5',
      'wait_seconds_count 2',
      'wait_seconds_max_count 9',
    ].join('\n');
    const { families } = parseExposition(text);
    expect([...families.keys()]).to.deep.equal(['wait_seconds', 'wait_seconds_max_count']);
    expect(families.get('wait_seconds')).to.deep.include({ type: 'histogram' });
    expect(families.get('wait_seconds')?.samples).to.have.length(4);
  });

  it('adds series up by labels', () => {
    const found = parseExposition('c{a="1",b="1"} 1\nc{a="1",b="2"} 2\nc{a="2",b="1"} 4');
    expect(found.sum('c')).to.equal(7);
    expect(found.sum('c', { a: '1' })).to.equal(3);
    expect(found.sum('c', { a: '3' })).to.equal(null);
    expect(found.sum('d')).to.equal(null);
  });

  it('reads OpenMetrics with exemplars, up to its end mark', () => {
    const text = [
      '# TYPE foo counter',
      '# UNIT foo seconds',
      'foo_total{a="b"} 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67 1520879607.5',
      'foo_created{a="b"} 1520872607.123',
      '# TYPE bar histogram',
      'bar_bucket{le="+Inf"} 2 # {} 1',
      '# EOF',
    ];
    expect(seriesOf(`${text.join('\n')}\n`, true)).to.deep.equal({
      'foo_total{a="b"}': 17,
      'foo_created{a="b"}': 1520872607.123,
      'bar_bucket{le="+Inf"}': 2,
    });
    expect(() => seriesOf(text.slice(0, -1).join('\n'), true)).to.throw(
      ExpositionError,
      'line 6 is the last one and not # EOF',
    );
    expect(() => seriesOf([...text, 'x 1'].join('\n'), true)).to.throw(
      ExpositionError,
      'line 8 comes after the end mark',
    );
  });

  it('reads what prom-client writes, in both formats', async () => {
    for (const type of [Registry.PROMETHEUS_CONTENT_TYPE, Registry.OPENMETRICS_CONTENT_TYPE]) {
      const registry = new Registry<RegistryContentType>();
      registry.setContentType(type);
      const registers = [registry as unknown as Registry];
      const help = 'Back\\slash and\nnew line';
      new Counter({ name: 'calls', help, labelNames: ['tool'], registers }).inc({ tool: 'a\\b"c"\nd' }, 3);
      new Gauge({ name: 'nothing', help, registers }).set(Number.NaN);
      new Histogram({ name: 'wait', help, buckets: [0.5, 1], registers }).observe(0.7);
      const found = parseExposition(await registry.metrics(), type === Registry.OPENMETRICS_CONTENT_TYPE);
      const calls = found.samples('calls').concat(found.samples('calls_total'));
      expect(calls[0]?.labels.get('tool')).to.equal('a\\b"c"\nd');
      expect(found.sum('wait_count')).to.equal(1);
      expect(found.sum('nothing')).to.deep.equal(Number.NaN);
    }
  });

  const refused: Record<string, string> = {
    'a page of HTML': '<!doctype html><title>x</title>',
    JSON: '{"a": 1}',
    'a sample without a value': 'x{a="b"}',
    'a value that is no number': 'x one',
    'something after the timestamp': 'x 1 2 3',
    'a label without quotes': 'x{a=b} 1',
    'an open brace': 'x{a="b" 1',
    'an unknown escape': 'x{a="\\t"} 1',
    'a label twice': 'x{a="1",a="2"} 1',
    'two names': 'x{"y"} 1',
    'an exemplar without a value': 'x 1 # {a="b"}',
    'an unknown type': '# TYPE x curve',
    'a type without its name': '# TYPE counter',
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(() => parseExposition(`ok 1\n${text}\n`)).to.throw(ExpositionError, /^line 2 is no /);
    });
  }

  it('refuses a series twice, whatever the order of its labels', () => {
    expect(() => parseExposition('x{a="1",b="2"} 1\nx{b="2",a="1"} 1')).to.throw(
      ExpositionError,
      'line 2 has the series x{a="1",b="2"} a second time',
    );
  });

  it('shows no more than the beginning of a wrong line', () => {
    expect(() => parseExposition('é'.repeat(10_000))).to.throw(ExpositionError, /^.{100,130}$/s);
  });
});
