import { expect } from 'chai';
import { formatBytes } from '../../load/report/figure-format.js';
import { reportCharts } from '../../load/report/report-charts.js';
import { type BarChart, barChart, type LineChart, lineChart } from '../../load/report/svg-chart.js';
import { placeLabels } from '../../load/report/svg-labels.js';
import { linearScale, logScale, timeScale } from '../../load/report/svg-scale.js';
import { thinned } from '../../load/report/thinned-seconds.js';
import { latencyAround, loadReport, operation, secondsOf } from '../support/load-report.js';

describe('charts of a load report', () => {
  const frame = { id: 'a', title: 'A chart', description: 'What it shows' };
  const lines = (changes: Partial<LineChart> = {}): string =>
    lineChart({ ...frame, series: [], x: timeScale(10), formatY: String, ...changes });
  const bars = (changes: Partial<BarChart> = {}): string =>
    barChart({ ...frame, bars: [], unit: 'ms', ...changes });
  const labels = (scale: { ticks: readonly { label: string }[] }): string[] =>
    scale.ticks.map(({ label }) => label);
  const widths = (svg: string): number[] =>
    [...svg.matchAll(/<rect class="chart-b0"[^>]* width="([^"]*)"/g)].map(([, width]) => Number(width));

  describe('ticks', () => {
    const linear = (most: number, base: 'decimal' | 'whole' | 'binary' = 'decimal') =>
      labels(linearScale([most], base === 'binary' ? (bytes) => formatBytes(bytes) : String, base));
    const log = (...values: number[]) => labels(logScale(values, String));

    it('are round numbers from 0 to above the greatest value', () => {
      expect(linear(43)).to.deep.equal(['0', '10', '20', '30', '40', '50']);
      expect(linear(500)).to.deep.equal(['0', '100', '200', '300', '400', '500']);
      expect(linear(501)).to.deep.equal(['0', '200', '400', '600']);
      expect(linear(0.7)).to.deep.equal(['0', '0.2', '0.4', '0.6000000000000001', '0.8']);
      expect(linear(0)).to.deep.equal(['0', '0.2', '0.4', '0.6000000000000001', '0.8', '1']);
    });

    it('of counts are whole', () => {
      expect(linear(0, 'whole')).to.deep.equal(['0', '1']);
      expect(linear(3, 'whole')).to.deep.equal(['0', '1', '2', '3']);
      expect(linear(120, 'whole')).to.deep.equal(['0', '50', '100', '150']);
    });

    it('of memory are powers of two', () => {
      expect(linear(900 * 2 ** 20, 'binary')).to.deep.equal([
        '0 B',
        '256 MiB',
        '512 MiB',
        '768 MiB',
        '1 GiB',
      ]);
      expect(linear(2, 'binary')).to.deep.equal(['0 B', '1 B', '2 B']);
    });

    it('of a logarithmic scale are powers of ten, and 2 and 5 times these where there is room', () => {
      expect(log(0.3, 700)).to.deep.equal(['1', '10', '100', '1000']);
      expect(log(3, 90)).to.deep.equal(['2', '5', '10', '20', '50', '100']);
      expect(log(0, 5)).to.deep.equal(['5', '10', '20', '50']);
      expect(log(0)).to.deep.equal(['1', '2', '5', '10']);
      const scale = logScale([1, 100], String);
      expect([0, 1, 10, 100].map((value) => scale.place(value))).to.deep.equal([0, 0, 0.5, 1]);
    });

    it('of time are whole seconds, minutes or hours, at most seven', () => {
      expect(labels(timeScale(1))).to.deep.equal(['0', '1 s']);
      expect(labels(timeScale(35))).to.deep.equal(['0', '10 s', '20 s', '30 s']);
      expect(labels(timeScale(600))).to.deep.equal(['0', '2 min', '4 min', '6 min', '8 min', '10 min']);
      expect(labels(timeScale(3_660)).at(-1)).to.equal('60 min');
      expect(labels(timeScale(8 * 3_600)).at(-1)).to.equal('8 h');
      for (const length of [0, 0.5, 7, 99, 1_000, 12_345, 1e6, 1e8]) {
        expect(labels(timeScale(length)), String(length)).to.have.length.within(1, 7);
      }
    });
  });

  describe('lines', () => {
    const path = (svg: string): string[] => [...svg.matchAll(/ d="([^"]*)"/g)].map(([, d]) => d!);

    it('break where there is nothing, and a value by itself is a dot', () => {
      const ys = [1, 2, null, 3, null, null, 4, 5];
      const svg = lines({ series: [{ name: 's', points: ys.map((y, x) => ({ x, y })) }] });
      expect(path(svg).at(-1)).to.match(/^M[^ML]+L[^ML]+M[^ML]+L[^ML]+$/);
      expect(svg.match(/<circle /g)).to.have.length(1);
    });

    it('are all there, however many points they have', () => {
      const points = Array.from({ length: 3_600 }, (_, x) => ({ x, y: x % 7 }));
      const svg = lines({ series: [{ name: 's', points }], x: timeScale(3_600) });
      expect(path(svg).at(-1)!.match(/[ML]/g)).to.have.length(3_600);
    });

    it('differ in their dashes, not by colour alone', () => {
      const svg = lines({ series: ['a', 'b'].map((name) => ({ name, points: [{ x: 0, y: 1 }] })) });
      expect(svg).to.match(/\.chart-s0\{stroke-dasharray:none\}\.chart-s1\{stroke-dasharray:7 3\}/);
    });

    it('leave room for a legend of many rows', () => {
      const series = Array.from({ length: 6 }, (_, index) => ({
        name: `a rather long name of a series ${index}`,
        points: [{ x: 1, y: 1 }],
      }));
      const height = (svg: string) => Number(/ height="(\d+)"/.exec(svg)![1]);
      expect(height(lines({ series }))).to.equal(height(lines({ series: series.slice(0, 1) })) + 100);
    });

    it('have the values of the points that count beside them', () => {
      const points = [3, 9, 5, 1, 4].map((y, x) => ({ x: 2 * x, y }));
      const written = (labels: 'highest' | 'middle' | 'all'): string[] =>
        [
          ...lines({ series: [{ name: 's', points, labels }], formatY: (y) => `${y} ms` }).matchAll(
            /class="chart-value chart-t0"[^>]*>([^<]*)</g,
          ),
        ].map(([, text]) => text!);
      expect(written('highest')).to.deep.equal(['9 ms']);
      expect(written('middle')).to.deep.equal(['4 ms']);
      expect(written('all')).to.deep.equal(['3 ms', '9 ms', '5 ms', '1 ms', '4 ms']);
    });

    it('have no values in bands, which are not counted', () => {
      const points = [9, 3, 5].map((y, x) => ({ x, y }));
      const bands = [{ from: 0, to: 1, label: 'warm-up' }];
      const svg = lines({
        series: [{ name: 's', points, labels: 'highest' }],
        bands,
        formatY: (y) => `${y} ms`,
      });
      expect(svg.match(/class="chart-value[^>]*>([^<]*)</)![1]).to.equal('5 ms');
    });

    it('have shaded bands behind them, each with its name', () => {
      const series = [{ name: 's', points: [{ x: 0, y: 1 }] }];
      const svg = lines({ series, bands: [{ from: 2, to: 5, label: 'warm-up' }] });
      const [, x, width] = /<rect class="chart-band" x="([\d.]+)"[^>]* width="([\d.]+)"/.exec(svg)!;
      const [wholeX, wholeWidth] = [Number(x), Number(width)];
      const all = lines({ series, bands: [{ from: 0, to: 10, label: 'all' }] });
      const [, left, room] = /<rect class="chart-band" x="([\d.]+)"[^>]* width="([\d.]+)"/.exec(all)!;
      expect(wholeX).to.be.closeTo(Number(left) + 0.2 * Number(room), 0.2);
      expect(wholeWidth).to.be.closeTo(0.3 * Number(room), 0.2);
      expect(svg).to.contain('>warm-up<');
      expect(svg.indexOf('chart-band" x')).to.be.below(svg.indexOf('<line class="chart-grid"'));
    });

    it('say so when there are none', () => {
      expect(lines()).to.contain('nothing was measured');
      expect(lines({ series: [{ name: 's', points: [{ x: 1, y: null }] }] })).to.contain(
        'nothing was measured',
      );
    });
  });

  describe('values beside points', () => {
    const room = { left: 0, top: 0, right: 200, bottom: 100 };
    const at = (x: number, y: number, text = '12.3 ms') => ({ x, y, text, style: 0 });

    it('are above them, and below or beside them where there is another value or no room', () => {
      const [above, below] = placeLabels([at(100, 50), at(100, 52)], room);
      expect(above!.at.y).to.be.below(50);
      expect(below!.at.y).to.be.above(52);
      const [beside] = placeLabels([at(100, 8, '1 ms')], { ...room, bottom: 16 });
      expect(beside!.at.x).to.be.above(110);
      expect(placeLabels([at(100, 3)], room)[0]!.at.y).to.be.above(3);
      expect(placeLabels([at(199, 50)], room)[0]!.at.x).to.be.below(180);
    });

    it('are left out where they would cover others', () => {
      const many = Array.from({ length: 20 }, () => at(100, 50));
      expect(placeLabels(many, room)).to.have.length.within(2, 4);
    });
  });

  describe('bars', () => {
    it('are as long as their values, the greatest the longest', () => {
      const [one, two, none, nothing] = widths(
        bars({ bars: [50, 100, 0, null].map((value) => ({ label: 'a', value })) }),
      );
      expect(two! / one!).to.be.closeTo(2, 0.01);
      expect([none, nothing]).to.deep.equal([0, 0]);
    });

    it('have their value with its unit, and a note', () => {
      const svg = bars({
        bars: [
          { label: 'a', value: 12_345.6, note: 'one child each' },
          { label: 'b', value: null, note: 'crashed' },
        ],
      });
      expect(svg).to.match(/>12,300 ms<.*>one child each<.*>–<.*>crashed</s);
      expect(
        bars({ bars: [{ label: 'a', value: 1.5 }], formatValue: (value) => value.toFixed(2) }),
      ).to.contain('>1.50 ms<');
      expect(bars({ bars: [{ label: 'a', value: 4 }], unit: '' })).to.contain('>4<');
    });

    it('say so when there are none, and when all are 0', () => {
      expect(bars()).to.contain('nothing was measured');
      expect(bars({ bars: [{ label: 'a', value: 0 }] }))
        .to.contain('>0 ms<')
        .and.not.to.contain('NaN');
    });

    it('wrap long labels and notes', () => {
      const long = 'word '.repeat(40).trim();
      const svg = bars({ bars: [{ label: long, value: 1, note: long }] });
      expect(svg.match(/>word word/g)).to.have.length.above(5);
    });
  });

  it('escape what stands in them, and are documents of their own', () => {
    const evil = '<script>alert("x")</script>';
    const documents = [
      lines({
        title: evil,
        description: evil,
        series: [{ name: evil, points: [{ x: 0, y: 1 }] }],
        formatY: () => evil,
      }),
      bars({ title: evil, description: evil, unit: evil, bars: [{ label: evil, value: 1, note: evil }] }),
    ];
    for (const svg of documents) {
      expect(svg).to.match(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" .*<\/svg>$/s);
      expect(svg).to.contain('&lt;script&gt;').and.not.to.contain('<script');
      expect(svg).to.contain('prefers-color-scheme:dark');
    }
  });

  describe('of a run', () => {
    it('are logarithmic for latency only where the greatest is far from the median', () => {
      const near = { ...latencyAround(1, 10), maxMs: 20 };
      const [flat] = reportCharts(loadReport({ latency: near }));
      const [wide] = reportCharts(loadReport({ latency: { ...near, maxMs: 20.1 } }));
      expect(flat).to.contain('>Latency of tool calls<');
      expect(wide).to.contain('>Latency of tool calls, logarithmic<');
    });

    it('shade the warm-up in all charts over time, and only if there was one', () => {
      const shaded = (charts: readonly string[]) =>
        charts.filter((svg) => svg.includes('<rect class="chart-band"')).length;
      const warm = reportCharts(loadReport({ rampMs: 5_000, warmUpMs: 10_000, holdMs: 30_000 }));
      expect(shaded(warm)).to.equal(warm.length - 1);
      expect(warm.join('')).to.contain('>warm-up, not counted<').and.not.to.contain('>ramp ends<');
      expect(shaded(reportCharts(loadReport()))).to.equal(0);
    });

    it('have the numbers of what counts: the worst p99 and maximum, and the median', () => {
      const seconds = secondsOf(10, (second) => ({ p99Ms: 6, maxMs: second === 4 ? 42 : 14, p50Ms: 1.5 }));
      const [latency] = reportCharts(
        loadReport({ seconds, latency: { ...latencyAround(1.5, 10), maxMs: 42 } }),
      );
      for (const text of ['42 ms', '6 ms', '1.5 ms']) {
        expect(latency).to.match(new RegExp(`class="chart-value[^>]*>${text}<`));
      }
    });

    it('show the percentiles of the operations that were called most', () => {
      const operations = Array.from({ length: 8 }, (_, index) =>
        operation({ tool: `tool-${index}`, answered: index + 1 }),
      );
      const percentiles = reportCharts(loadReport({ operations }))[1]!;
      expect([...percentiles.matchAll(/>(tool-\d)</g)].map(([, name]) => name)).to.deep.equal(
        [7, 6, 5, 4, 3, 2].map((index) => `tool-${index}`),
      );
      expect(percentiles).to.contain('the 6 most called');
    });

    it('lose no peak where seconds are put together', () => {
      const seconds = secondsOf(3_600, (second) =>
        second === 1_234 ? { maxMs: 9_999, errors: 12 } : { errors: 0 },
      );
      const groups = thinned(seconds, 300);
      expect(groups).to.have.length(300);
      expect(Math.max(...groups.map(({ maxMs }) => maxMs ?? 0))).to.equal(9_999);
      expect(groups.reduce((sum, { errors, from, to }) => sum + errors * (to - from), 0)).to.equal(12);
      expect([groups[0]!.from, groups.at(-1)!.to]).to.deep.equal([0, 3_600]);
    });

    it('take seconds as they are where there are few', () => {
      const [first] = thinned(secondsOf(2), 300);
      const [second] = secondsOf(2);
      expect(first).to.include({
        from: 0,
        to: 1,
        answered: second!.answered,
        p50Ms: second!.p50Ms,
        sessions: 120,
      });
      expect(thinned([], 300)).to.deep.equal([]);
    });
  });
});
