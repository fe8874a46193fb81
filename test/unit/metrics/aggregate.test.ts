import { expect } from 'chai';
import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';
import type { MetricSnapshot } from '../../../src/shared/frames/from-worker.js';
import { ModuleMetrics } from '../../../src/telemetry/metrics/aggregate.js';
import { expose } from '../../../src/telemetry/metrics/exposition.js';
import { randomNumbers, samplesOf } from './fake-gateway.js';

interface Rejection {
  readonly reason: string;
  readonly name: string;
  readonly count: number;
}

function createModuleMetrics(maxSeries = 5000) {
  const rejections: Rejection[] = [];
  const metrics = new ModuleMetrics({ maxSeries, onRejected: (rejection) => rejections.push(rejection) });
  const text = async () => expose(await metrics.collect(), Registry.PROMETHEUS_CONTENT_TYPE);
  return { metrics, rejections, text, samples: async () => samplesOf(await text()) };
}

/** A registry as it arrives from a thread: by structured clone. */
async function snapshotOf(registry: Registry): Promise<MetricSnapshot> {
  return structuredClone(await registry.getMetricsAsJSON()) as unknown as MetricSnapshot;
}

/** One thread's module, with a metric of each type. */
function createModule() {
  const registry = new Registry();
  const registers = [registry];
  const help = 'help';
  return {
    registry,
    calls: new Counter({ name: 'calls_total', help, labelNames: ['tool'], registers }),
    open: new Gauge({ name: 'open_files', help, registers }),
    size: new Histogram({ name: 'result_bytes', help, labelNames: ['tool'], buckets: [10, 100], registers }),
    wait: new Summary({ name: 'wait_seconds', help, percentiles: [0.5], registers }),
  };
}

const counterOf = (value: number, name = 'calls_total', labels: Record<string, string> = {}) => [
  { name, help: 'help', type: 'counter', aggregator: 'sum', values: [{ value, labels }] },
];

describe('metrics of server modules', () => {
  describe('adding threads up', () => {
    it('adds counters, gauges and histograms of all live threads', async () => {
      const { metrics, samples } = createModuleMetrics();
      for (const thread of [1, 2]) {
        const module = createModule();
        module.calls.inc({ tool: 'echo' }, thread);
        module.open.set(thread);
        module.size.observe({ tool: 'echo' }, 50);
        module.wait.observe(0.25);
        metrics.report(thread, await snapshotOf(module.registry));
      }
      const found = await samples();
      expect(found.get('calls_total{tool="echo"}')).to.equal(3);
      expect(found.get('open_files')).to.equal(3);
      expect(found.get('result_bytes_bucket{le="10",tool="echo"}')).to.equal(0);
      expect(found.get('result_bytes_bucket{le="100",tool="echo"}')).to.equal(2);
      expect(found.get('result_bytes_bucket{le="+Inf",tool="echo"}')).to.equal(2);
      expect(found.get('result_bytes_sum{tool="echo"}')).to.equal(100);
      expect(found.get('wait_seconds_sum')).to.equal(0.5);
      expect(found.get('wait_seconds_count')).to.equal(2);
    });

    it('leaves the quantiles of summaries out, which cannot be added up', async () => {
      const { metrics, text } = createModuleMetrics();
      const module = createModule();
      module.wait.observe(0.25);
      metrics.report(1, await snapshotOf(module.registry));
      expect(await text())
        .to.contain('wait_seconds_sum')
        .and.not.contain('quantile');
    });

    it('replaces what the same thread reported before', async () => {
      const { metrics, samples } = createModuleMetrics();
      metrics.report(1, counterOf(5));
      metrics.report(1, counterOf(7));
      expect((await samples()).get('calls_total')).to.equal(7);
    });

    it('follows the aggregator of a gauge', async () => {
      const { metrics, samples } = createModuleMetrics();
      const gauge = (aggregator: string, value: number) => ({
        name: `depth_${aggregator}`,
        help: 'help',
        type: 'gauge',
        aggregator,
        values: [{ value, labels: {} }],
      });
      const all = ['sum', 'max', 'min', 'average', 'first', 'omit'];
      metrics.report(
        1,
        all.map((aggregator) => gauge(aggregator, 4)),
      );
      metrics.report(
        2,
        all.map((aggregator) => gauge(aggregator, 2)),
      );
      expect(Object.fromEntries(await samples())).to.deep.equal({
        depth_sum: 6,
        depth_max: 4,
        depth_min: 2,
        depth_average: 3,
        depth_first: 4,
      });
    });
  });

  describe('threads that exit', () => {
    it('keeps what their counters, histograms and summaries have counted', async () => {
      const { metrics, samples } = createModuleMetrics();
      const module = createModule();
      module.calls.inc({ tool: 'echo' }, 4);
      module.size.observe({ tool: 'echo' }, 5);
      module.wait.observe(2);
      metrics.report(1, await snapshotOf(module.registry));
      const before = await samples();
      metrics.retire(1);
      const after = await samples();
      before.delete('open_files');
      expect(Object.fromEntries(after)).to.deep.equal(Object.fromEntries(before));
    });

    it('drops their gauges', async () => {
      const { metrics, samples } = createModuleMetrics();
      const module = createModule();
      module.open.set(4);
      metrics.report(1, await snapshotOf(module.registry));
      metrics.retire(1);
      expect((await samples()).has('open_files')).to.equal(false);
    });

    it('adds the totals of many', async () => {
      const { metrics, samples } = createModuleMetrics();
      for (let thread = 0; thread < 100; thread += 1) {
        metrics.report(thread, counterOf(3));
        metrics.retire(thread);
      }
      expect((await samples()).get('calls_total')).to.equal(300);
      expect(metrics.series.current).to.equal(1);
    });
  });

  describe('counters that begin again', () => {
    it('keeps what was counted before the module reset its registry', async () => {
      const { metrics, samples } = createModuleMetrics();
      const module = createModule();
      module.calls.inc({ tool: 'echo' }, 4);
      module.size.observe({ tool: 'echo' }, 5);
      metrics.report(1, await snapshotOf(module.registry));
      module.registry.resetMetrics();
      module.calls.inc({ tool: 'echo' }, 1);
      module.size.observe({ tool: 'echo' }, 50);
      metrics.report(1, await snapshotOf(module.registry));
      const found = await samples();
      expect(found.get('calls_total{tool="echo"}')).to.equal(5);
      expect(found.get('result_bytes_count{tool="echo"}')).to.equal(2);
    });

    it('lets the sum of a histogram fall where its buckets take negative values, and only there', async () => {
      const { metrics, samples } = createModuleMetrics();
      const registry = new Registry();
      const histogramOf = (name: string, buckets: number[]) => {
        return new Histogram({ name, help: 'help', buckets, registers: [registry] });
      };
      const both = [histogramOf('drift', [-1, 1]), histogramOf('delay', [1])];
      for (const value of [5, -3]) {
        for (const histogram of both) histogram.observe(value);
        metrics.report(1, await snapshotOf(registry));
      }
      const found = await samples();
      expect([found.get('drift_sum'), found.get('drift_count')]).to.deep.equal([2, 2]);
      expect([found.get('delay_sum'), found.get('delay_count')]).to.deep.equal([5, 2]);
    });

    it('keeps what was counted before the module removed the metric', async () => {
      const { metrics, samples } = createModuleMetrics();
      metrics.report(1, counterOf(4));
      metrics.report(1, []);
      expect((await samples()).get('calls_total')).to.equal(4);
    });
  });

  describe('what is refused', () => {
    const report = async (...snapshots: unknown[]) => {
      const made = createModuleMetrics(10);
      snapshots.forEach((snapshot, thread) => {
        made.metrics.report(thread, snapshot as MetricSnapshot);
      });
      return { rejections: made.rejections, found: await made.samples() };
    };

    for (const name of ['bulkhead_sessions', 'mcp_server_operations', 'process_cpu', 'nodejs_heap']) {
      it(`a name of the gateway's own: ${name}`, async () => {
        const { rejections, found } = await report(counterOf(1, name));
        expect(rejections).to.deep.equal([{ reason: 'reserved_name', name, count: 1 }]);
        expect(found.size).to.equal(0);
      });
    }

    it('another type under a known name', async () => {
      const gauge = [{ ...counterOf(9)[0], type: 'gauge' }];
      const { rejections, found } = await report(counterOf(1), gauge);
      expect(rejections[0]?.reason).to.equal('conflict');
      expect(found.get('calls_total')).to.equal(1);
    });

    it('other label names under a known name', async () => {
      const { rejections, found } = await report(counterOf(1), counterOf(1, 'calls_total', { tool: 'x' }));
      expect(rejections[0]?.reason).to.equal('conflict');
      expect(found.size).to.equal(1);
    });

    it('a counter that in OpenMetrics would be the same as another metric', async () => {
      const { rejections } = await report(counterOf(1, 'calls'), counterOf(1, 'calls_total'));
      expect(rejections).to.deep.equal([{ reason: 'conflict', name: 'calls_total', count: 1 }]);
    });

    it('an aggregator under which a counter would go down', async () => {
      const { rejections } = await report([{ ...counterOf(1)[0], aggregator: 'average' }]);
      expect(rejections[0]?.reason).to.equal('aggregator');
    });

    it('series over the limit of all threads together, and no others', async () => {
      const made = createModuleMetrics(3);
      const values = ['a', 'b', 'c', 'd', 'e'].map((tool) => ({ value: 1, labels: { tool } }));
      made.metrics.report(1, [{ ...counterOf(0)[0], values }]);
      made.metrics.report(2, counterOf(1, 'other_total'));
      expect(made.rejections).to.deep.equal([
        { reason: 'series_limit', name: 'calls_total', count: 2 },
        { reason: 'series_limit', name: 'other_total', count: 1 },
      ]);
      expect((await made.samples()).size).to.equal(3);
    });

    it('nothing that it once took, when there is room again', async () => {
      const { metrics, rejections, samples } = createModuleMetrics(1);
      const gauge = (name: string) => [{ ...counterOf(1, name)[0], type: 'gauge' }];
      metrics.report(1, gauge('one'));
      metrics.report(2, gauge('two'));
      expect(rejections).to.have.length(1);
      metrics.retire(1);
      metrics.report(2, gauge('two'));
      expect([...(await samples()).keys()]).to.deep.equal(['two']);
    });

    const hostile: [string, unknown][] = [
      ['no array', { name: 'x' }],
      ['nothing', undefined],
      ['elements that are no objects', [null, 1, 'text', []]],
      ['a name that throws when it is printed', [{ name: { toString: 1 }, type: 'counter', values: [] }]],
      ['a name with a line break', [{ ...counterOf(1)[0], name: 'x\ny 1' }]],
      ['no values', [{ name: 'x', type: 'counter', help: '' }]],
      ['an unknown type', [{ ...counterOf(1)[0], type: 'untyped' }]],
      ['a negative counter', counterOf(-1)],
      ['a counter that is not a number', counterOf(Number.NaN)],
      ['a label with a name that is none', counterOf(1, 'x', { 'a="b"} 1\n': 'c' })],
      ['a reserved label name', counterOf(1, 'x', JSON.parse('{"__proto__":"c"}'))],
      ['a label value without end', counterOf(1, 'x', { a: 'b'.repeat(5000) })],
      ['a histogram without sum', [{ ...counterOf(1)[0], type: 'histogram' }]],
      ['an unknown aggregator', [{ ...counterOf(1)[0], aggregator: 'constructor' }]],
    ];
    for (const [what, snapshot] of hostile) {
      it(`${what}, without throwing`, async () => {
        const { rejections, found } = await report(snapshot);
        expect(rejections).to.not.have.length(0);
        expect(found.size).to.equal(0);
      });
    }

    it('a malformed report, without forgetting or counting twice what came before', async () => {
      const { metrics, samples } = createModuleMetrics();
      metrics.report(1, counterOf(5));
      metrics.report(1, undefined as unknown as MetricSnapshot);
      metrics.report(1, [{ ...counterOf(6)[0], values: 'none' }]);
      expect((await samples()).get('calls_total')).to.equal(5);
      metrics.report(1, counterOf(6));
      expect((await samples()).get('calls_total')).to.equal(6);
    });
  });

  it('never lets a counter go down, whatever comes and goes', async () => {
    const random = randomNumbers(20);
    const pick = (below: number) => Math.floor(random() * below);
    const { metrics, samples } = createModuleMetrics(60);
    const threads = new Map<number, ReturnType<typeof createModule>>();
    const tools = ['a', 'b', 'c'];
    let nextThread = 0;
    let highest = new Map<string, number>();

    for (let step = 0; step < 1000; step += 1) {
      if (threads.size < 8) threads.set(nextThread++, createModule());
      const [thread, module] = [...threads][pick(threads.size)]!;
      const tool = tools[pick(tools.length)]!;
      module.calls.inc({ tool }, pick(5));
      module.size.observe({ tool }, pick(200));
      module.wait.observe(random());
      module.open.set(pick(100));
      const what = random();
      if (what < 0.1) {
        metrics.retire(thread);
        threads.delete(thread);
      } else if (what < 0.13) module.registry.resetMetrics();
      else if (what < 0.16) module.calls.remove({ tool });
      else if (what < 0.18) metrics.report(thread, [null, ...counterOf(1, 'calls_total')] as MetricSnapshot);
      else if (what < 0.9) metrics.report(thread, await snapshotOf(module.registry));

      const now = await samples();
      for (const [name, value] of highest) {
        expect(now.get(name), `${name} at step ${step}`).to.be.at.least(value);
      }
      now.delete('open_files');
      highest = now;
    }
    expect(highest.get('calls_total{tool="a"}')).to.be.greaterThan(100);
    for (const thread of threads.keys()) metrics.retire(thread);
    expect(metrics.series.current).to.equal((await samples()).size);
  });
});
