import { expect } from 'chai';
import { formatDuration, MAX_TIMER_MS, parseDuration } from '../../src/config/duration.js';

describe('durations', () => {
  it('are written with ms, s, m, h, or as milliseconds', () => {
    const cases: [string | number, number | undefined][] = [
      ['500ms', 500],
      ['30s', 30_000],
      ['5m', 300_000],
      ['2h', 7_200_000],
      ['0.5s', 500],
      ['1500', 1_500],
      [1_500, 1_500],
      [' 30s ', 30_000],
      [MAX_TIMER_MS, MAX_TIMER_MS],
      [MAX_TIMER_MS + 1, undefined],
      ['597h', undefined],
      ['30 s', undefined],
      ['30S', undefined],
      ['-1', undefined],
      [Number.NaN, undefined],
      [Number.POSITIVE_INFINITY, undefined],
      ['', undefined],
    ];
    for (const [written, milliseconds] of cases) {
      expect(parseDuration(written), String(written)).to.equal(milliseconds);
    }
  });

  it('are shown in the largest unit that divides them', () => {
    const cases: [number, string][] = [
      [0, '0ms'],
      [1_500, '1500ms'],
      [30_000, '30s'],
      [90_000, '90s'],
      [1_800_000, '30m'],
      [7_200_000, '2h'],
    ];
    for (const [milliseconds, shown] of cases) expect(formatDuration(milliseconds)).to.equal(shown);
  });
});
