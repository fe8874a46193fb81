import { expect } from 'chai';
import { Registry } from 'prom-client';
import { type ExposedMetric, expose, negotiate } from '../../../src/telemetry/metrics/exposition.js';

const { OPENMETRICS_CONTENT_TYPE, PROMETHEUS_CONTENT_TYPE } = Registry;

describe('format of a scrape', () => {
  const cases: [what: string, accept: string | undefined, openMetrics: boolean][] = [
    ['no Accept header', undefined, false],
    ['a browser', 'text/html,application/xhtml+xml,*/*;q=0.8', false],
    ['anything', '*/*', false],
    ['OpenMetrics by name and anything else', 'application/openmetrics-text, */*', true],
    ['OpenMetrics and text alike', 'text/plain, application/openmetrics-text', false],
    ['text before OpenMetrics', 'application/openmetrics-text;q=0.2,text/plain;q=0.9', false],
    ['OpenMetrics refused', 'application/openmetrics-text;q=0', false],
    [
      'Prometheus 2',
      'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      true,
    ],
    ['a weight that is no number', 'application/openmetrics-text;q=high,*/*', false],
  ];
  for (const [what, accept, openMetrics] of cases) {
    it(`is ${openMetrics ? 'OpenMetrics' : 'Prometheus text'} for ${what}`, () => {
      expect(negotiate(accept)).to.equal(openMetrics ? OPENMETRICS_CONTENT_TYPE : PROMETHEUS_CONTENT_TYPE);
    });
  }
});

describe('OpenMetrics text', () => {
  const counter: ExposedMetric = {
    name: 'a_total',
    help: 'A',
    type: 'counter',
    values: [{ labels: {}, value: 1 }],
  };

  it('names a counter without its suffix and its sample with it', async () => {
    expect(await expose([counter], OPENMETRICS_CONTENT_TYPE)).to.equal(
      '# HELP a A\n# TYPE a counter\na_total 1\n# EOF\n',
    );
  });

  it('does not rename the metric for the next scrape', async () => {
    await expose([counter], OPENMETRICS_CONTENT_TYPE);
    expect(await expose([counter], PROMETHEUS_CONTENT_TYPE)).to.equal(
      '# HELP a_total A\n# TYPE a_total counter\na_total 1\n',
    );
  });

  it('writes bucket bounds as canonical floats', async () => {
    const bounds = [0.005, 1, 250, 2_500_000, '+Inf'];
    const values = bounds.map((le) => ({ metricName: 'b_bucket', labels: { le }, value: 0 }));
    const text = await expose(
      [{ name: 'b', help: 'B', type: 'histogram', values }],
      OPENMETRICS_CONTENT_TYPE,
    );
    const written = [...text.matchAll(/le="(.*?)"/g)].map((match) => match[1]);
    expect(written).to.deep.equal(['0.005', '1.0', '250.0', '2.5e+06', '+Inf']);
  });
});
